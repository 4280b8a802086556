"""Signing in on both databases: claimed once, revocable, and nothing secret stored or logged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from adtempo.domain.errors import AdtempoError, Conflict, InvalidInput, NotFound, SignInRefused
from adtempo.domain.roles import Person, Role
from adtempo.people.decide import SESSION_IDLE, SESSION_LONGEST, SIGN_IN_TOKEN_LIFE
from adtempo.people.roster import add_person, change_password, change_role, disable_person, load_people
from adtempo.people.script_tokens import identify_script, issue_script_token, load_script_tokens, revoke_script_token
from adtempo.people.sign_in import (
    claim_first_admin,
    identify,
    is_claimed,
    issue_claim_token,
    issue_sign_in_token,
    sign_in,
    sign_in_by_token,
    sign_out,
)
from adtempo.store.audit import load_audit, verify_audit
from adtempo.store.engine import metadata, reading

PASSWORD = "correct horse battery staple"
OTHER = "another fine long password"
SECOND = timedelta(seconds=1)


@pytest.fixture
def claimed(engine: Engine, now: datetime) -> Engine:
    claim_first_admin(engine, issue_claim_token(engine, now=now), name="Ann", password=PASSWORD, now=now)
    return engine


def actions(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        assert verify_audit(connection) == []
        return [entry.action for entry in load_audit(connection)]


def test_the_first_admin_claims_with_a_one_time_token(engine: Engine, now: datetime) -> None:
    assert not is_claimed(engine)
    token = issue_claim_token(engine, now=now)
    signed_in = claim_first_admin(engine, token, name=" Ann ", password=PASSWORD, now=now)
    assert signed_in.person == Person(signed_in.person.id, "ann", Role.ADMIN)
    assert identify(engine, signed_in.session_id, now=now) == signed_in.person
    assert is_claimed(engine)
    with pytest.raises(SignInRefused):
        claim_first_admin(engine, token, name="eve", password=PASSWORD, now=now)
    with pytest.raises(Conflict, match="has its admin already"):
        issue_claim_token(engine, now=now)
    assert actions(engine) == ["person.added", "person.signed_in"]


def test_a_claim_token_ends_with_its_time_its_successor_or_its_use(engine: Engine, now: datetime) -> None:
    first = issue_claim_token(engine, now=now)
    second = issue_claim_token(engine, now=now)
    for token, moment in ((first, now), (second, now + SIGN_IN_TOKEN_LIFE), ("guess", now)):
        with pytest.raises(SignInRefused, match="wrong, was used, or is too old"):
            claim_first_admin(engine, token, name="eve", password=PASSWORD, now=moment)
    with pytest.raises(InvalidInput):
        claim_first_admin(engine, second, name="ann", password="short", now=now)
    assert claim_first_admin(engine, second, name="ann", password=PASSWORD, now=now).person.name == "ann"


def test_of_two_claims_at_once_one_wins(engine: Engine, now: datetime) -> None:
    token = issue_claim_token(engine, now=now)

    def claim(name: str) -> bool:
        try:
            claim_first_admin(engine, token, name=name, password=PASSWORD, now=now)
        except AdtempoError:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(claim, ["ann", "bob", "eve"])) == 1
    assert len(load_people(engine)) == 1


def test_name_and_password_open_a_session(claimed: Engine, now: datetime) -> None:
    signed_in = sign_in(claimed, "ANN", PASSWORD, now=now)
    assert identify(claimed, signed_in.session_id, now=now) == signed_in.person
    assert signed_in.session_id not in repr(signed_in)
    sign_out(claimed, signed_in.session_id)
    sign_out(claimed, signed_in.session_id)
    assert identify(claimed, signed_in.session_id, now=now) is None


def test_nobody_comes_before_the_first_admin(engine: Engine, now: datetime) -> None:
    with pytest.raises(
        Conflict, match="nobody is admin yet: add one first, such as: adtempo users add bob --role admin"
    ):
        add_person(engine, "bob", Role.OPERATOR, actor="ann", now=now)
    assert load_people(engine) == []
    add_person(engine, "bob", Role.ADMIN, actor="ann", now=now)
    assert add_person(engine, "eve", Role.VIEWER, actor="ann", now=now).role is Role.VIEWER


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("new", "")])
def test_a_wrong_sign_in_does_not_say_what_is_wrong(claimed: Engine, now: datetime, name: str, password: str) -> None:
    add_person(claimed, "new", Role.VIEWER, actor="ann", now=now)
    with pytest.raises(SignInRefused, match=r"^The name or the password is wrong\.$"):
        sign_in(claimed, name, password, now=now)


def test_a_session_ends_when_idle_and_when_too_old(claimed: Engine, now: datetime) -> None:
    session_id = sign_in(claimed, "ann", PASSWORD, now=now).session_id
    assert identify(claimed, session_id, now=now + SESSION_IDLE) is None
    moment = now
    while moment < now + SESSION_LONGEST - SESSION_IDLE:
        moment += SESSION_IDLE - SECOND
        assert identify(claimed, session_id, now=moment) is not None
    assert identify(claimed, session_id, now=now + SESSION_LONGEST) is None
    assert identify(claimed, "guess", now=now) is None


def test_a_change_of_role_or_password_closes_every_session(claimed: Engine, now: datetime) -> None:
    add_person(claimed, "bob", Role.OPERATOR, actor="ann", now=now)
    change_password(claimed, "bob", PASSWORD, actor="ann", now=now)
    for change in (
        lambda: change_role(claimed, "bob", Role.APPROVER, actor="ann", now=now),
        lambda: change_password(claimed, "bob", OTHER, actor="ann", now=now),
    ):
        sessions = [sign_in(claimed, "bob", PASSWORD, now=now).session_id for _ in range(2)]
        change()
        assert [identify(claimed, session, now=now) for session in sessions] == [None, None]
    assert sign_in(claimed, "bob", OTHER, now=now).person.role is Role.APPROVER
    with pytest.raises(SignInRefused):
        sign_in(claimed, "bob", PASSWORD, now=now)


def test_a_one_time_token_signs_in_once(claimed: Engine, now: datetime) -> None:
    add_person(claimed, "bob", Role.OPERATOR, actor="ann", now=now)
    void = issue_sign_in_token(claimed, "bob", actor="ann", now=now)
    token = issue_sign_in_token(claimed, "bob", actor="ann", now=now)
    assert sign_in_by_token(claimed, token, now=now).person.name == "bob"
    for used in (token, void, "guess"):
        with pytest.raises(SignInRefused):
            sign_in_by_token(claimed, used, now=now)
    late = issue_sign_in_token(claimed, "bob", actor="ann", now=now)
    with pytest.raises(SignInRefused):
        sign_in_by_token(claimed, late, now=now + SIGN_IN_TOKEN_LIFE)
    with pytest.raises(NotFound, match="nobody called 'x'"):
        issue_sign_in_token(claimed, "x", actor="ann", now=now)


def test_a_claim_token_is_no_sign_in_and_the_other_way_round(engine: Engine, now: datetime) -> None:
    with pytest.raises(SignInRefused):
        sign_in_by_token(engine, issue_claim_token(engine, now=now), now=now)
    token = issue_claim_token(engine, now=now)
    claim_first_admin(engine, token, name="ann", password=PASSWORD, now=now)
    with pytest.raises(SignInRefused):
        claim_first_admin(
            engine, issue_sign_in_token(engine, "ann", actor="ann", now=now), name="eve", password=PASSWORD, now=now
        )


def test_a_disabled_person_is_out_and_the_name_stays_taken(claimed: Engine, now: datetime) -> None:
    add_person(claimed, "bob", Role.OPERATOR, actor="ann", now=now)
    link = issue_sign_in_token(claimed, "bob", actor="ann", now=now)
    script = issue_script_token(claimed, "bob", "cron", actor="ann", now=now)
    session = sign_in_by_token(claimed, issue_sign_in_token(claimed, "bob", actor="ann", now=now), now=now).session_id
    disable_person(claimed, "bob", actor="ann", now=now)
    assert identify(claimed, session, now=now) is None
    assert identify_script(claimed, script, now=now) is None
    with pytest.raises(SignInRefused):
        sign_in_by_token(claimed, link, now=now)
    assert [person.name for person in load_people(claimed)] == ["ann"]
    with pytest.raises(Conflict, match="called bob already"):
        add_person(claimed, "bob", Role.VIEWER, actor="ann", now=now)
    with pytest.raises(NotFound):
        change_role(claimed, "bob", Role.ADMIN, actor="ann", now=now)


def test_the_last_admin_stays(claimed: Engine, now: datetime) -> None:
    with pytest.raises(Conflict, match="only admin"):
        disable_person(claimed, "ann", actor="ann", now=now)
    with pytest.raises(Conflict, match="only admin"):
        change_role(claimed, "ann", Role.VIEWER, actor="ann", now=now)
    change_role(claimed, "ann", Role.ADMIN, actor="ann", now=now)
    add_person(claimed, "bob", Role.ADMIN, actor="ann", now=now)
    disable_person(claimed, "ann", actor="bob", now=now)
    assert [person.name for person in load_people(claimed)] == ["bob"]


def test_a_script_token_acts_for_a_person_until_revoked_or_expired(claimed: Engine, now: datetime) -> None:
    token = issue_script_token(claimed, "ann", "nightly", actor="ann", now=now, life=timedelta(days=1))
    person = identify_script(claimed, token, now=now)
    assert person is not None
    assert (person.name, person.role, person.by_script) == ("ann", Role.ADMIN, True)
    assert identify_script(claimed, token, now=now + timedelta(days=1)) is None
    assert identify_script(claimed, "adtempo_guess", now=now) is None
    (known,) = load_script_tokens(claimed)
    assert (known.name, known.label, known.used_at, known.revoked_at) == ("ann", "nightly", now, None)
    revoke_script_token(claimed, known.id, actor="ann", now=now)
    assert identify_script(claimed, token, now=now) is None
    with pytest.raises(NotFound, match="no token"):
        revoke_script_token(claimed, known.id, actor="ann", now=now)
    with pytest.raises(NotFound):
        issue_script_token(claimed, "x", "nightly", actor="ann", now=now)


def test_no_secret_is_stored(claimed: Engine, now: datetime) -> None:
    session = sign_in(claimed, "ann", PASSWORD, now=now).session_id
    script = issue_script_token(claimed, "ann", "cron", actor="ann", now=now)
    link = issue_sign_in_token(claimed, "ann", actor="ann", now=now)
    with reading(claimed) as connection:
        stored = repr([connection.execute(select(table)).all() for table in metadata.sorted_tables])
    for secret in (PASSWORD, session, script, link):
        assert secret not in stored
    assert actions(claimed)[-2:] == ["script_token.issued", "sign_in_token.issued"]
