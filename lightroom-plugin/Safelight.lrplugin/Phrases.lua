-- What the helper says of photos and of its work, in codes with their numbers and names, and here in words.
local Phrases = {}

-- By code; the names and numbers in the order in which the helper gives them.
local TEXTS = {
    copy =
        "$$$/Safelight/Said/Copy=a copy of the file",
    saved_again =
        "$$$/Safelight/Said/SavedAgain=saved in another way, without loss",
    encoded_again =
        "$$$/Safelight/Said/EncodedAgain=encoded again in the same size",
    size =
        "$$$/Safelight/Said/Size=^1 x ^2 instead of ^3 x ^4",
    squeezed =
        "$$$/Safelight/Said/Squeezed=squeezed",
    mirrored =
        "$$$/Safelight/Said/Mirrored=mirrored",
    mirrored_down =
        "$$$/Safelight/Said/MirroredDown=mirrored top to bottom",
    mirrored_turned =
        "$$$/Safelight/Said/MirroredTurned=mirrored and turned",
    turned =
        "$$$/Safelight/Said/Turned=turned by ^1 degrees",
    gray =
        "$$$/Safelight/Said/Gray=black and white",
    colour =
        "$$$/Safelight/Said/Colour=in colour, not black and white",
    tones =
        "$$$/Safelight/Said/Tones=other tones or colours",
    one_place =
        "$$$/Safelight/Said/OnePlace=changed in one place",
    retouched =
        "$$$/Safelight/Said/Retouched=blurred, sharpened or retouched",
    cropped =
        "$$$/Safelight/Said/Cropped=cropped to ^1 %",
    keeper_cropped =
        "$$$/Safelight/Said/KeeperCropped=the keeper is a crop of it, of ^1 %",
    framed =
        "$$$/Safelight/Said/Framed=with a border, a caption or a screen around it; the picture takes ^1 %",
    unframed =
        "$$$/Safelight/Said/Unframed=without the border, caption or screen around it, where the picture takes ^1 %",
    from_keeper =
        "$$$/Safelight/Said/FromKeeper=made from the keeper",
    keeper_from_it =
        "$$$/Safelight/Said/KeeperFromIt=the keeper was made from it",
    other_from_it =
        "$$$/Safelight/Said/OtherFromIt=^1 was made from it",
    compared =
        "$$$/Safelight/Said/Compared=compared with ^1",
    saved_by =
        "$$$/Safelight/Said/SavedBy=saved by ^1",
    no_notes =
        "$$$/Safelight/Said/NoNotes=without the camera's notes",
    other_size =
        "$$$/Safelight/Said/OtherSize=in another size than its camera recorded",
    no_thumbnail =
        "$$$/Safelight/Said/NoThumbnail=without the camera's small picture",
    traces =
        "$$$/Safelight/Said/Traces=with the traces of the other's encoding in it",
    squares =
        "$$$/Safelight/Said/Squares=with the squares of a JPEG in it",
    foreign =
        "$$$/Safelight/Said/Foreign=saved as ^1, which no camera writes",
    complete =
        "$$$/Safelight/Said/Complete=from a JPEG that has all that its camera wrote",
    enlarged =
        "$$$/Safelight/Said/Enlarged=enlarged",
    pair =
        "$$$/Safelight/Said/Pair=RAW and JPEG of one shot",
    live =
        "$$$/Safelight/Said/Live=Live Photo",
    burst =
        "$$$/Safelight/Said/Burst=burst",
    bracket =
        "$$$/Safelight/Said/Bracket=exposure bracket",
    lapse =
        "$$$/Safelight/Said/Lapse=time-lapse",
    scene =
        "$$$/Safelight/Said/Scene=shots of one scene",
    chosen =
        "$$$/Safelight/Said/Chosen=you chose it",
    raw =
        "$$$/Safelight/Said/Raw=it is the RAW file",
    camera =
        "$$$/Safelight/Said/Camera=it is the camera's own file",
    pixels =
        "$$$/Safelight/Said/Pixels=it has more pixels",
    edited =
        "$$$/Safelight/Said/Edited=it was edited",
    rated =
        "$$$/Safelight/Said/Rated=it is rated higher",
    known =
        "$$$/Safelight/Said/Known=more is known of it",
    preferred =
        "$$$/Safelight/Said/Preferred=it is from the source you prefer",
    larger =
        "$$$/Safelight/Said/Larger=its file is larger",
    oldest =
        "$$$/Safelight/Said/Oldest=it is the oldest",
    lossless_source =
        "$$$/Safelight/Said/LosslessSource=a copy without loss was saved from it",
    original =
        "$$$/Safelight/Said/Original=it is the original: the other was encoded again",
    original_enlarged =
        "$$$/Safelight/Said/OriginalEnlarged=it is the original: the other was enlarged",
    original_edited =
        "$$$/Safelight/Said/OriginalEdited=it is the original: the other was edited",
    original_turned =
        "$$$/Safelight/Said/OriginalTurned=it is the original: the other was turned",
    first =
        "$$$/Safelight/Said/First=nothing tells them apart; it comes first",
}

-- What a job does, by what the helper calls it.
local STAGES = {
    ["indexing"] =
        "$$$/Safelight/Stage/Indexing=indexing",
    ["preparing search"] =
        "$$$/Safelight/Stage/Search=preparing search",
    ["updating the vector index"] =
        "$$$/Safelight/Stage/Update=updating the vector index",
    ["building the vector index"] =
        "$$$/Safelight/Stage/Build=building the vector index",
}

-- One text of phrases { { before =, code =, parts = }, ... }; `words`, as the helper says it, where one is not known.
function Phrases.said(phrases, words)
    local said = {}
    for i, it in ipairs(phrases or {}) do
        if not TEXTS[it.code] then return words end
        said[i] = it.before .. LOC(TEXTS[it.code], unpack(it.parts))
    end
    return #said > 0 and table.concat(said) or words
end

-- What a job does now.
function Phrases.stage(stage)
    return STAGES[stage] and LOC(STAGES[stage]) or tostring(stage)
end

return Phrases
