"""Niche priors: what a campaign without history may expect of its hours, from others in its market.

Run: python examples/dayparts/niche_priors.py
"""

from sample_data import open_sample

from adtempo import DayPartOptimizer
from adtempo.dayparts.niches import NICHES, recognise_niche

print(f"known niches: {', '.join(NICHES)}")
print(f"'Evening Gym' is recognised as {recognise_niche('Evening Gym')}")
with open_sample() as workspace:
    prior = DayPartOptimizer(workspace).load_niche("fitness")
    if prior is None:
        print("nothing may be shared, or nothing is known")
    else:
        for hour, root in enumerate(prior.root):
            print(f"{hour:02}:00  {root**2:.2f} times the mean, learnt from {prior.accounts} account")
