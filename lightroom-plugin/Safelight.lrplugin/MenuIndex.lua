require("App").run("index")
