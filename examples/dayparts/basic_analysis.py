"""Basic analysis: when does the money work, and is that more than chance?

Run: python examples/dayparts/basic_analysis.py
"""

from sample_data import open_sample

from adtempo import DayPartOptimizer

with open_sample() as workspace:
    for found in DayPartOptimizer(workspace).analyze_all():
        print(f"{found.campaign.name}: {found.metric.name.upper()} {found.found.mean:.2f}")
        for step in found.recommendations:
            print(f"  {step.priority}: {step.action}: {step.reason}")
