"""The pages, one file each: what it reads, and what it shows. A page is one file and one line here."""

from fastapi import APIRouter

from tocsin.web.pages import help_page, overview

PAGES: tuple[APIRouter, ...] = (overview.router, help_page.router)
