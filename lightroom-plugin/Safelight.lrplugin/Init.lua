-- Runs once when Lightroom loads the plug-in, not in a task.
require("App").listen()
