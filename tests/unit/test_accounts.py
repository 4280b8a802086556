from adtempo.domain.accounts import Account, AccountRef, CampaignRef


def test_references_are_written_as_the_command_line_reads_them() -> None:
    campaign = CampaignRef("meta", "act_1", "c9")
    assert str(campaign) == "meta:act_1:c9"
    assert str(campaign.account) == "meta:act_1"


def test_the_same_id_on_two_platforms_is_two_things() -> None:
    assert CampaignRef("meta", "1", "c") != CampaignRef("google", "1", "c")
    assert len({AccountRef("meta", "1"), AccountRef("google", "1"), AccountRef("meta", "1")}) == 2


def test_a_new_account_is_not_armed_and_counts_days_in_its_own_zone() -> None:
    account = Account(AccountRef("meta", "1"), "Asia/Tokyo", "JPY")
    assert not account.armed
    assert account.zone.key == "Asia/Tokyo"
