"""Time in detail: hours, weekdays, weekends and times of day, each with its interval; and the same as a frame.

Run: python examples/dayparts/detailed_time_analysis.py
"""

import pandas as pd
from sample_data import open_sample

from adtempo import DayPartOptimizer
from adtempo.dayparts.findings import TIMES_OF_DAY, WEEK_PARTS

with open_sample() as workspace:
    found = DayPartOptimizer(workspace).analyze("evening").found
    for names, slots in ((WEEK_PARTS, found.week_parts), (TIMES_OF_DAY, found.times_of_day)):
        for name, slot in zip(names, slots, strict=True):
            print(f"{name:<10} {slot.estimate:.2f} ({slot.estimate_low:.2f} to {slot.estimate_high:.2f})")
    columns = ["n", "mean", "ewma", "estimate", "estimate_low", "estimate_high", "lift", "q_value", "label"]
    hours = pd.DataFrame([[getattr(slot, name) for name in columns] for slot in found.hours], columns=columns)
    print(hours.round(2).to_string())
