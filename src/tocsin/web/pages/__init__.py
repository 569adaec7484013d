"""The pages, one file each: what it reads, and what it shows. A page is one file and one line here."""

from fastapi import APIRouter

from tocsin.web.pages import (
    action_link,
    acts,
    alert,
    alerts,
    channels,
    check_list,
    check_page,
    group,
    help_page,
    overview,
    pipeline,
    pipeline_runs,
    route_explanation,
    rules,
    run,
    run_compare,
    silence_new,
    silences,
    system,
)

PAGES: tuple[APIRouter, ...] = (
    overview.router,
    alerts.router,
    alert.router,
    group.router,
    acts.router,
    action_link.router,
    silence_new.router,
    silences.router,
    channels.router,
    route_explanation.router,
    pipeline_runs.router,
    pipeline.router,
    check_list.router,
    check_page.router,
    run.router,
    run_compare.router,
    rules.router,
    system.router,
    help_page.router,
)
