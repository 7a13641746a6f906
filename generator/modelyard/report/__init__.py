"""Problems as text for people and as documents for machines: a file per format, counted once for all of them.

Problems come in; text, JSON, SARIF, JUnit, GitHub's annotations and GitLab's Code Quality go out, on streams that may
be closed or full. `foreign` reads what other tools report about rendered objects, `pages` draws the figures of pages.
Nothing is exported here: `stdio` loads first in every process, and needs none of it.
"""
