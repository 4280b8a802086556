"""Saturation ranks pages by how worn out they truly are; `make calibrate` measures how well."""

from known_pages import judge_pages


def test_worn_out_pages_score_higher_than_fresh_ones() -> None:
    """Of 24 pages the rank correlation is usually 0.94; below 0.7 has a probability below 1e-6 (Fisher's z)."""
    judged = judge_pages(11, 24, (80, 200))
    assert judged.rank_correlation > 0.7
    assert judged.right_zones > 0.6
    assert ((judged.said >= 0) & (judged.said <= 1)).all()
