require("App").run("lessLike")
