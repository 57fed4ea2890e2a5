"""Writing answers back where the photos live: plan, look, apply, undo.

wishes = duplicates.wishes(groups)          pure: which photo is to carry which keywords
plan = plan_xmp(purpose, wishes, home)      reads; says what would change in which file
report = apply(plan, home)                  writes, with a journal; skips what has changed since
undo(home, report.run)                      puts back what was there, byte for byte
"""

from safelight.writeback.apply import Report, apply
from safelight.writeback.duplicates import Group, Member, wishes
from safelight.writeback.plan import Change, LeftOut, Plan, Target, Wish, check_writable
from safelight.writeback.undo import UndoReport, runs, undo
from safelight.writeback.xmp_plan import plan_xmp

__all__ = [
    "Change",
    "Group",
    "LeftOut",
    "Member",
    "Plan",
    "Report",
    "Target",
    "UndoReport",
    "Wish",
    "apply",
    "check_writable",
    "plan_xmp",
    "runs",
    "undo",
    "wishes",
]
