"""Every service of the portal, and who may call it: the table that the permission tests go by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from rater_portal.models import Role
from rater_portal.services import (
    adjudication,
    assignment,
    audit,
    candidate_decisions,
    candidate_intake,
    candidates,
    care,
    check_table,
    consent,
    decisions,
    drafts,
    entering,
    export,
    flow,
    folder,
    guidance,
    image_table,
    images,
    intake,
    invitations,
    journey,
    judging,
    leases,
    links,
    members,
    panels,
    preferences,
    presence,
    presentation,
    profiles,
    progress,
    quality,
    results,
    revising,
    skipping,
    states,
    supplements,
)
from rater_portal.services.accounts import check_caller, identify, redeem_invite
from rubrics.conduct import ConsentText
from tests.made_questions import made

Roles = frozenset[Role]

NOBODY: Roles = frozenset()
COORDINATOR: Roles = frozenset({"coordinator"})
READERS: Roles = frozenset({"coordinator", "analyst"})
RATER: Roles = frozenset({"rater"})
JUDGES: Roles = frozenset({"rater", "adjudicator"})
IMAGE = "0" * 64
"""Digest of an image that the study `own` shows."""

EVERYBODY: Roles = frozenset({"rater", "adjudicator", "analyst", "coordinator"})


@dataclass(frozen=True)
class World:
    """What there is to ask for: the study `own`, and in it what a rater has at hand."""

    open_assignment: int
    judged_assignment: int
    codes: Mapping[str, Any]
    """Complete for both assignments, and what the judged one was judged with."""

    other_codes: Mapping[str, Any]
    """Complete too."""

    pseudonym: str
    """Of a rater in the study."""


Call = Callable[[Session, World, int], object]


def by_name(service: Callable[..., object], **arguments: Any) -> Call:
    """A service that is told the study's name and who asks."""
    return lambda session, world, who: service(session, study="own", asked_by=who, **arguments)


def of_oneself(service: Callable[..., object], **arguments: Any) -> Call:
    """A service for what is the caller's own."""
    return lambda session, world, who: service(session, rater_id=who, **arguments)


IN_A_STUDY: Mapping[Callable[..., object], tuple[Call, Roles]] = {
    audit.verify: (by_name(audit.verify), READERS),
    candidate_decisions.decide_candidate: (
        by_name(
            candidate_decisions.decide_candidate,
            candidate_id="cc-1",
            decision="accept",
            follows=None,
        ),
        COORDINATOR,
    ),
    candidate_intake.add_candidates: (
        by_name(candidate_intake.add_candidates, candidates=[made(4)]),
        COORDINATOR,
    ),
    candidates.decisions_made: (by_name(candidates.decisions_made), READERS),
    candidates.has_candidates: (by_name(candidates.has_candidates), READERS),
    candidates.shown_candidate: (
        by_name(candidates.shown_candidate, candidate_id="cc-1"),
        READERS,
    ),
    candidates.standings: (by_name(candidates.standings), READERS),
    check_table.checks: (by_name(check_table.checks), READERS),
    consent.change_consent: (
        by_name(consent.change_consent, consent=ConsentText(version="9", text="Anew.")),
        COORDINATOR,
    ),
    decisions.adjudicated: (by_name(decisions.adjudicated), READERS),
    export.judgment_table: (by_name(export.judgment_table), READERS),
    export.revisions: (by_name(export.revisions), READERS),
    flow.pace: (by_name(flow.pace), READERS),
    flow.skip_reasons: (by_name(flow.skip_reasons), READERS),
    folder.export_folder: (by_name(folder.export_folder, folder=Path("out")), READERS),
    folder.table_file: (by_name(folder.table_file, name="skips.csv"), READERS),
    folder.files_of: (by_name(folder.files_of), READERS),
    images.image_digests: (by_name(images.image_digests), READERS),
    image_table.images: (by_name(image_table.images), READERS),
    images.study_image: (by_name(images.study_image, sha256=IMAGE), EVERYBODY),
    intake.add_places: (by_name(intake.add_places), COORDINATOR),
    invitations.enrol_raters: (
        by_name(invitations.enrol_raters, group="physician"),
        COORDINATOR,
    ),
    invitations.invite_rater: (
        by_name(invitations.invite_rater, group="physician"),
        COORDINATOR,
    ),
    invitations.invite_again: (
        lambda session, world, who: invitations.invite_again(
            session, study="own", pseudonym=world.pseudonym, asked_by=who
        ),
        COORDINATOR,
    ),
    invitations.invite_coordinator: (by_name(invitations.invite_coordinator), NOBODY),
    members.add_account: (
        by_name(members.add_account, username="new-person", role="analyst"),
        NOBODY,
    ),
    members.grant: (by_name(members.grant, username="ana", role="analyst"), NOBODY),
    members.withdraw: (by_name(members.withdraw, username="ana"), NOBODY),
    members.disable_account: (
        lambda session, world, who: members.disable_account(session, username="ana", asked_by=who),
        NOBODY,
    ),
    members.password_link: (
        lambda session, world, who: members.password_link(session, username="ana", asked_by=who),
        NOBODY,
    ),
    panels.open_panel: (
        by_name(
            panels.open_panel,
            name="second",
            adapter="generic",
            group="physician",
            capacity=1,
            settings={"person": "person"},
        ),
        COORDINATOR,
    ),
    panels.close_panel: (by_name(panels.close_panel, name="first"), COORDINATOR),
    panels.panels: (by_name(panels.panels), COORDINATOR),
    panels.panel_participants: (by_name(panels.panel_participants), COORDINATOR),
    progress.coverage: (by_name(progress.coverage), READERS),
    progress.group_coverage: (by_name(progress.group_coverage), READERS),
    progress.group_names: (by_name(progress.group_names), READERS),
    progress.overview: (by_name(progress.overview), READERS),
    progress.raters: (by_name(progress.raters), READERS),
    quality.rater_overview: (by_name(quality.rater_overview), READERS),
    quality.rater_quality: (by_name(quality.rater_quality), READERS),
    results.results_so_far: (by_name(results.results_so_far), READERS),
    states.pause_study: (by_name(states.pause_study), COORDINATOR),
    states.close_study: (by_name(states.close_study), COORDINATOR),
    states.reopen_study: (by_name(states.reopen_study), COORDINATOR),
    states.lock_study: (by_name(states.lock_study), COORDINATOR),
    supplements.marks: (by_name(supplements.marks), READERS),
    supplements.skips: (by_name(supplements.skips), READERS),
}
"""Services about a whole study: who of its people may, and nobody of another study ever."""

OF_ONE_UNIT: Mapping[Callable[..., object], Call] = {
    drafts.save_draft: lambda session, world, who: drafts.save_draft(
        session, assignment_id=world.open_assignment, rater_id=who, codes=world.codes
    ),
    drafts.merge_draft: lambda session, world, who: drafts.merge_draft(
        session, assignment_id=world.open_assignment, rater_id=who, codes=world.codes
    ),
    drafts.unfinished_assignment: lambda session, world, who: drafts.unfinished_assignment(
        session, world.open_assignment, who
    ),
    judging.submit: lambda session, world, who: judging.submit(
        session,
        assignment_id=world.open_assignment,
        rater_id=who,
        codes=world.codes,
        submission_id="a submission",
    ),
    leases.own_assignment: lambda session, world, who: leases.own_assignment(
        session, world.open_assignment, who
    ),
    presence.beat: lambda session, world, who: presence.beat(
        session, assignment_id=world.open_assignment, rater_id=who
    ),
    presentation.presentation: lambda session, world, who: presentation.presentation(
        session, assignment_id=world.open_assignment, rater_id=who
    ),
    skipping.skip: lambda session, world, who: skipping.skip(
        session,
        assignment_id=world.open_assignment,
        rater_id=who,
        kind="skip",
        reason="distressing",
    ),
    revising.unit_to_revise: lambda session, world, who: revising.unit_to_revise(
        session, assignment_id=world.judged_assignment, rater_id=who
    ),
    revising.revise: lambda session, world, who: revising.revise(
        session,
        assignment_id=world.judged_assignment,
        rater_id=who,
        codes=world.other_codes,
        reason="I misread it.",
        submission_id="a revision",
    ),
}
"""Services about a unit that was lent: its rater may, and nobody else, whatever the role."""

OF_ONESELF: Mapping[Callable[..., object], tuple[Call, Roles]] = {
    adjudication.next_adjudication: (
        of_oneself(adjudication.next_adjudication),
        frozenset({"adjudicator"}),
    ),
    assignment.next_assignment: (of_oneself(assignment.next_assignment), RATER),
    care.break_due: (
        lambda session, world, who: care.break_due(session, who),
        JUDGES,
    ),
    care.rest: (lambda session, world, who: care.rest(session, who), JUDGES),
    care.support: (of_oneself(care.support), JUDGES),
    consent.consent_sheet: (of_oneself(consent.consent_sheet), RATER),
    consent.withdraw: (of_oneself(consent.withdraw), RATER),
    consent.withdrawal_words: (of_oneself(consent.withdrawal_words), RATER),
    guidance.guide_for: (of_oneself(guidance.guide_for), RATER),
    guidance.finish_guide: (of_oneself(guidance.finish_guide), RATER),
    journey.next_step: (of_oneself(journey.next_step), RATER),
    journey.places: (of_oneself(journey.places), RATER),
    preferences.preferences_of: (of_oneself(preferences.preferences_of), EVERYBODY),
    preferences.set_preferences: (
        of_oneself(preferences.set_preferences, keys=True, bindings={}, text_size=0),
        EVERYBODY,
    ),
    profiles.profile_sheet: (of_oneself(profiles.profile_sheet), RATER),
    profiles.save_profile: (of_oneself(profiles.save_profile, answers={}), RATER),
    revising.own_judgments: (of_oneself(revising.own_judgments), EVERYBODY),
}
"""Services about the caller alone: nothing in them can name anybody else."""

BEHIND_A_SECRET: Mapping[Callable[..., object], Callable[[Session], object]] = {
    identify: lambda session: identify(session, cookie_token="guess"),
    check_caller: lambda session: check_caller(session, session_id=999_999),
    redeem_invite: lambda session: redeem_invite(session, token="guess"),
    links.show_invite: lambda session: links.show_invite(session, token="guess"),
    links.use_up: lambda session: links.use_up(session, "guess"),
    links.invite_with: lambda session: links.invite_with(session, "guess"),
    entering.show_door: lambda session: entering.show_door(session, token="guess", parameters={}),
    entering.enter: lambda session: entering.enter(session, token="guess", parameters={}),
}
"""Services whose caller proves who that is by a secret: a guess is refused."""

SIGNING_IN = {
    "staff": {
        "account_for",
        "change_password",
        "enter",
        "set_first_password",
        "stored_password",
        "stored_password_of",
        "switch_study",
    },
    "members": {"memberships"},
    "attempts": {"attempt_at", "enter", "forget"},
    "accounts": {"sign_out"},
    "first_page": {"first_page"},
}
"""Steps on the way in, for the routes that check passwords and tickets, and for nobody else."""

AT_THE_SHELL = {
    "intake": {"create_study"},
    "progress": {"question_ids"},
    "studies": {"find_study", "only_study", "study_names"},
}
"""For the operator alone: no page and no route may call them."""

AFTER_NEXT_STEP = {
    "care": {"worded_note"},
    "checks": {"ask_outside"},
    "consent": {"decide"},
    "feedback": {"feedback", "read_feedback"},
    "handover": {"hand_over"},
    "lending": {"why_nothing"},
}
"""Of oneself too, but only at a step of the journey: tested with the journey."""

PARTS = {
    "accounts": {"end_sessions", "open_session"},
    "candidate_decisions": {"store_decision"},
    "candidate_trail": {"altered_questions", "tell_added", "tell_decided"},
    "candidates": {"decisions_about", "sent_candidate"},
    "agreement": {"agreement", "has_agreed", "last_decision"},
    "checks": {"checks_to_come", "due_check"},
    "consent": {"left_out"},
    "consistency": {"disagreements"},
    "entering": {"people_inside"},
    "events": {"record_event"},
    "export": {"counted"},
    "image_intake": {"ready_images", "store_images"},
    "images": {"altered_images"},
    "invitations": {"newcomer"},
    "judging": {"checked", "receipt_again", "store"},
    "keyed_rows": {"add_keyed_units"},
    "leases": {"held_by_others", "holds_place", "renew_lease", "take_place", "unfinished"},
    "lending": {"day_is_done", "lend"},
    "links": {"link_for", "withdraw_links"},
    "meetings": {"company", "meetings"},
    "members": {"find_account"},
    "permissions": {"check", "study_for"},
    "places": {"group_size", "offer"},
    "profiles": {"attributes"},
    "questions": {"number_questions"},
    "showing": {"judged_count", "shown_unit"},
    "sides": {"rater_lead"},
    "studies": {
        "check_agreed",
        "check_takes_judgments",
        "hold_study",
        "rater_in_open_study",
        "rater_in_study",
        "rater_in_unlocked_study",
        "rubric_of",
        "rubrics_of",
    },
    "trail": {"append_judgment", "entries", "held_end"},
    "training": {"admit", "settle", "standing", "training_quotas"},
}
"""What services are made of; who calls them has checked the caller already. For services alone."""
