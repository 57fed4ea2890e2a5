from pathlib import Path
from lua.fake import Lightroom
PLUGIN = Path(__file__).resolve().parents[2] / "lightroom-plugin" / "Safelight.lrplugin"
def test_x(lightroom):
    lightroom.load(PLUGIN)
    lightroom.wait(1)
    for m in sorted(lightroom.menu_scripts()):
        print(m)
    lightroom.click("MenuUndo.lua")
    print(lightroom.around.messages)
