"""The course as a site: executed lessons, documents and explorers, made into pages and slides by Sphinx."""

from carekit.course.pages.site.build import SiteError, build_site

__all__ = ["SiteError", "build_site"]
