-- The fields that photos carry. Chosen once: what is taken out later stays in every catalog for ever.
-- Searchable values hold 511 bytes. They live in the catalog only, never in XMP.
return {
    metadataFieldsForPhotos = {
        {
            id = "queries",
            title = LOC "$$$/Safelight/Field/Queries=Safelight Queries",
            dataType = "string",
            readOnly = true,
            searchable = true,
            version = 1,
        },
        {
            id = "duplicateGroup",
            title = LOC "$$$/Safelight/Field/Group=Safelight Duplicate Group",
            dataType = "string",
            readOnly = true,
            searchable = true,
            browsable = true,
            version = 1,
        },
        {
            id = "duplicateRole",
            title = LOC "$$$/Safelight/Field/Role=Safelight Duplicate Role",
            dataType = "enum",
            readOnly = true,
            searchable = true,
            browsable = true,
            version = 1,
            values = {
                { value = "keeper", title = LOC "$$$/Safelight/Role/Keeper=Keeper" },
                { value = "duplicate", title = LOC "$$$/Safelight/Role/Duplicate=Duplicate" },
                { value = "series", title = LOC "$$$/Safelight/Role/Series=Series" },
            },
        },
        {
            id = "duplicateReason",
            title = LOC "$$$/Safelight/Field/Reason=Safelight Duplicate Reason",
            dataType = "string",
            readOnly = true,
            searchable = true,
            version = 1,
        },
    },
    schemaVersion = 1,
    -- Runs in private write access of its own, also at the very first time, with nil. There is nothing older yet.
    updateFromEarlierSchemaVersion = function(_, _, _) end,
}
