require("App").run("keywords")
