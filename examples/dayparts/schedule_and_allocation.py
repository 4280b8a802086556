"""A schedule: a daily budget shared out over the hours, exact to the cent, and what is expected of it.

Run: python examples/dayparts/schedule_and_allocation.py
"""

from sample_data import open_sample

from adtempo import DayPartOptimizer

with open_sample() as workspace:
    optimizer = DayPartOptimizer(workspace)
    schedule = optimizer.build_schedule("evening", "1000.00", "balanced")
    for hour, (multiplier, budget) in enumerate(zip(schedule.plan.day, schedule.plan.day_budgets(), strict=True)):
        print(f"{hour:02}:00  x{multiplier:<4g} {budget}")
    print(f"in all {sum(part.micros for part in schedule.plan.day_budgets()) / 1e6:.2f} EUR")
    if schedule.outlook is not None:
        print(f"expected {schedule.outlook.metric}: {schedule.outlook.expected:.2f}")
    for form in ("google", "meta"):
        print(f"{form}: {optimizer.export_schedule(schedule.schedule_id, form).statement}")
