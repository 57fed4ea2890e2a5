"""Keys and words that the SDK knows; anything else is refused, as the real one does.

Source: the LrC SDK 14.3 reference, of which this is the part that the plug-in may use.
"""

RAW_KEYS = {
    "path", "uuid", "isVirtualCopy", "masterPhoto", "isVideo", "fileFormat", "fileSize", "width", "height",
    "dateTimeOriginalISO8601", "gps", "keywords", "rating", "pickStatus", "colorNameForLabel", "smartPreviewInfo",
    "lastEditTime", "editCount", "isInStackInFolder", "stackPositionInFolder",
}  # fmt: skip
FORMATTED_KEYS = {"fileName", "copyName", "folderName", "title", "caption", "keywordTags", "rating", "label"}
LABELS = {"red", "yellow", "green", "blue", "purple", "none"}
SETTABLE_RAW_KEYS = {"rating", "pickStatus", "colorNameForLabel", "label", "title", "caption"}

STRING = {"any", "all", "words", "noneOf", "beginsWith", "endsWith"}
NUMBER = {"==", "!=", ">", "<", ">=", "<=", "in"}
DATE = {
    "==", "!=", ">", "<", "in", "inLast", "notInLast",
    "today", "yesterday", "thisWeek", "thisMonth", "thisYear",
}  # fmt: skip
ENUM = {"==", "!="}
OPERATIONS = {
    "rating": NUMBER,
    "pick": ENUM,
    "labelColor": ENUM,
    "filename": STRING,
    "copyname": STRING | {"empty", "notEmpty"},
    "title": STRING | {"empty", "notEmpty"},
    "caption": STRING | {"empty", "notEmpty"},
    "keywords": STRING | {"empty", "notEmpty"},
    "collection": STRING,
    "folder": STRING,
    "captureTime": DATE,
    "touchTime": DATE,
    "isoSpeedRating": NUMBER,
    "hasGPSData": {"isTrue", "isFalse"},
}
COLLECTION_READS_FORBIDDEN_WHEN_NEW = {
    "getName", "getParent", "getPhotos", "isSmartCollection", "getSearchDescription", "getChildCollections",
    "getChildCollectionSets", "removePhotos", "delete",
}  # fmt: skip
