"""The three strategies side by side: how far each goes, and what that is worth against even hours.

Run: python examples/dayparts/three_strategies.py
"""

from sample_data import open_sample

from adtempo import DayPartOptimizer
from adtempo.dayparts.scheduling import Wish
from adtempo.domain.schedules import Strategy

with open_sample() as workspace:
    optimizer = DayPartOptimizer(workspace)
    for strategy in Strategy:
        draft = optimizer.draft_schedule("evening", Wish(1000, strategy))
        if draft.outlook is not None:
            outlook = draft.outlook
            print(
                f"{strategy:<12}  peaks x{max(draft.plan.day):g}  {outlook.uplift:+.1%} "
                f"({outlook.uplift_low:+.1%} to {outlook.uplift_high:+.1%}) against even hours"
            )
