-- LrCollection, LrCollectionSet, LrFolder and LrKeyword.
local sdk = ...
local method, one, many = sdk.method, sdk.one, sdk.many

local function class(kind, methods)
    methods.type = function() return kind end
    sdk.class(kind, methods)
end

class('LrCollection', {
    getName = method('LrCollection', 'getName'),
    getParent = method('LrCollection', 'getParent', sdk.collectionOf),
    getPhotos = method('LrCollection', 'getPhotos', many('LrPhoto')),
    isSmartCollection = method('LrCollection', 'isSmartCollection'),
    getSearchDescription = method('LrCollection', 'getSearchDescription'),
    setSearchDescription = method('LrCollection', 'setSearchDescription'),
    setName = method('LrCollection', 'setName'),
    addPhotos = method('LrCollection', 'addPhotos', nil, sdk.unwrapList),
    removePhotos = method('LrCollection', 'removePhotos', nil, sdk.unwrapList),
    removeAllPhotos = method('LrCollection', 'removeAllPhotos'),
    delete = method('LrCollection', 'delete'),
})
class('LrCollectionSet', {
    getName = method('LrCollectionSet', 'getName'),
    getParent = method('LrCollectionSet', 'getParent', sdk.collectionOf),
    delete = method('LrCollectionSet', 'delete'),
    getChildCollections = method('LrCollectionSet', 'getChildCollections', sdk.collections),
    getChildCollectionSets = method('LrCollectionSet', 'getChildCollectionSets', sdk.collections),
})
class('LrFolder', {
    getName = method('LrFolder', 'getName'),
    getPath = method('LrFolder', 'getPath'),
    getPhotos = method('LrFolder', 'getPhotos', many('LrPhoto')),
})
class('LrKeyword', {
    getName = method('LrKeyword', 'getName'),
    getParent = method('LrKeyword', 'getParent', one('LrKeyword')),
    getChildren = method('LrKeyword', 'getChildren', many('LrKeyword')),
    getSynonyms = method('LrKeyword', 'getSynonyms'),
    getAttributes = method('LrKeyword', 'getAttributes'),
    getPhotos = method('LrKeyword', 'getPhotos', many('LrPhoto')),
    setAttributes = method('LrKeyword', 'setAttributes'),
})
