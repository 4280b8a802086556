"""The routes of creatives over a served market."""

from pathlib import Path

from adtempo.domain.roles import Role
from serving import add_people, open_market, visit


def test_creatives_can_be_listed_ranked_and_judged(tmp_path: Path) -> None:
    with open_market(tmp_path) as workspace:
        add_people(workspace)
        client = visit(workspace, Role.VIEWER)
        page = client.get("/api/tracking/creatives", params={"limit": 5})
        assert page.status_code == 200
        assert len(page.json()["creatives"]) == 5
        assert page.json()["creatives"][0]["impressions"] > 0
        assert 'rel="next"' in page.headers["Link"]
        ranked = client.get("/api/tracking/creatives/top", params={"metric": "ctr", "top": 3}).json()
        likely = [one["expected"] for one in ranked["creatives"]]
        assert likely == sorted(likely, reverse=True)
        most_tired = client.get("/api/tracking/creatives/fatigue", params={"limit": 1}).json()["creatives"][0]
        assert most_tired["fatigued"]
        assert most_tired["creative_id"] == "creative-300101-A"  # the one that the demo's market tires
        assert client.get("/api/tracking/creatives/top", params={"metric": "reach"}).status_code == 422
