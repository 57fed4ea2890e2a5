require("App").run("smart")
