"""The MkDocs plugin ``keraviz``: puts the pages that :func:`keraviz_docs.site.build` wrote into a site."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mkdocs.config import Config
from mkdocs.config import config_options as c
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files

from keraviz_docs import production, site
from keraviz_docs.errors import Code, UserError, more_about
from keraviz_docs.manifest import ManifestError
from keraviz_docs.pages.record import SCRIPT, STYLE, write_if_changed
from mkdocs_plugin.navigation import place
from mkdocs_plugin.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.pages import Page

    from keraviz_docs.pages.writing import WrittenPage

# Below "mkdocs", so that `mkdocs build --strict` counts our warnings.
log = logging.getLogger("mkdocs.plugins.keraviz")


class KeravizConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs leaves its __init_subclass__ untyped
    """What can be set under ``plugins: - keraviz:`` in ``mkdocs.yml``."""

    enabled = c.Type(bool, default=True)
    """Whether the plugin does anything.  ``!ENV [CI, false]`` makes it depend on an environment variable."""

    manifest = c.File(exists=False, default="zoo.yml")
    """The manifest, relative to ``mkdocs.yml``."""

    path = c.Type(str, default="models")
    """Where in the site the models are: ``models`` gives ``models/index.md`` and ``models/ID/index.md``.

    The same path with a slash at the end, as an entry of ``nav``, is where they appear in the navigation.
    """

    on_error = c.Optional(c.Choice(("warn", "fail")))
    """What a model that cannot be read does: ``warn`` logs it and gives it a page that says why; ``fail`` ends the
    build.  In ``--strict`` mode a warning ends the build, too.  The manifest's ``on_error`` counts when not set.
    """

    cache = c.Optional(c.Type(str))
    """The directory in which what was read and drawn is kept between builds, relative to ``mkdocs.yml``.

    When not set, it is the one that the environment variable ``KERAVIZ_CACHE`` names, or ``.keraviz/cache`` beside the
    manifest.  The pages themselves are kept in ``.keraviz/pages`` beside ``mkdocs.yml``.
    """

    executor = c.Optional(c.Type(str))
    """Where models are read: ``local``, ``dask`` or ``dask:ADDRESS``.  The manifest's ``executor`` counts when not set.
    """

    jobs = c.Optional(c.Type(int))
    """How many models are read at the same time; as many as processors and memory allow when not set."""


class KeravizPlugin(BasePlugin[KeravizConfig]):  # type: ignore[no-untyped-call]  # as above
    """Adds a page for each model of a manifest, and one for all of them.

    It may be listed several times, with a manifest and a path each.
    """

    supports_multiple_instances = True

    _site: site.Site | None = None
    _pages: Mapping[str, WrittenPage]
    """What it wrote, by the paths that MkDocs knows."""
    _watcher: Watcher | None = None
    _made: Path
    """Where everything is kept that can be made again."""
    _pools: production.Pools | None = None
    _serving = False

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], **_: Any) -> None:
        """Note whether there will be rebuilds; that this method exists keeps the instance alive between them."""
        self._serving = command == "serve"
        self._watcher = None

    def on_shutdown(self) -> None:
        """End what was kept ready for rebuilds."""
        if self._watcher is not None:
            self._watcher.stop()
        if self._pools is not None:
            self._pools.kill_workers()
            self._pools = None

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig | None:
        """Check the options, and let every page load our style and script."""
        if not self.config.enabled:
            return None
        self._prefix = self.config.path.strip("/")
        if not self._prefix or ".." in self._prefix.split("/") or "\\" in self._prefix:
            sentence = f"`path: {self.config.path}` must be a directory of the site, such as `models`"
            raise _plugin_error(UserError(sentence, Code.PLUGIN_OPTION))
        # First, so that a site's own style comes after ours and wins.
        config.extra_css.insert(0, f"{self._prefix}/{STYLE}")
        config.extra_javascript.append(f"{self._prefix}/{SCRIPT}")
        return config

    # Early, so that other plugins find our pages: mkdocs-redirects checks what it redirects to.
    @event_priority(50)
    def _on_files_add(self, files: Files, *, config: MkDocsConfig) -> Files | None:
        """Build the pages and hand them to MkDocs as if they lay in its docs directory.

        A file that does lie there wins: a site can bring its own overview or thumbnail.
        """
        if not self.config.enabled:
            return None
        self._site = None
        if self._serving and self._pools is None:
            # Importing Keras takes longer than reading most models, so rebuilds share the process that did it.
            self._pools = production.Pools(self.config.jobs)
        root = Path(config.config_file_path).parent if config.config_file_path else Path.cwd()
        self._made = root / ".keraviz"
        try:
            write_if_changed(self._made / ".gitignore", b"*\n")
            built = site.build(
                Path(self.config.manifest),
                self._made / "pages" / self._prefix,
                embed=False,
                directory_urls=config.use_directory_urls,
                cache=root / self.config.cache if self.config.cache else None,
                jobs=self.config.jobs,
                executor=self.config.executor,
                pools=self._pools,
                progress=production.choose(quiet=not log.isEnabledFor(logging.INFO)),
            )
        except UserError as error:
            raise _plugin_error(error) from error
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            refused = UserError(f"cannot write{where}: {error.strerror or error}", Code.CANNOT_WRITE)
            raise _plugin_error(refused) from error
        for failure in built.failures:
            told = (failure.id, failure.target, failure.message, failure.code.value)
            log.warning("%s (%s) could not be read: %s [%s]", *told)
        for sentence in built.undrawn:
            log.warning("%s", sentence)
        for state in built.uncompared:
            # What this machine lacks (history, git) is no reason for `--strict` to end a build; the page says it, too.
            log.log(logging.WARNING if state.is_mistake else logging.INFO, "%s", state)
        if built.failures or built.undrawn:
            drawing = [Code.GRAPHVIZ_FAILED] if built.undrawn else []
            log.info("%s", more_about([*(failure.code for failure in built.failures), *drawing]))
        if built.failures and (self.config.on_error or built.on_error) == "fail":
            sentence = f"{len(built.failures)} of the models could not be read, and `on_error` is `fail`"
            raise _plugin_error(UserError(sentence, Code.MODELS_FAILED))
        for name in built.pages.files:
            source = f"{self._prefix}/{name}"
            if source not in files:
                file = File.generated(config, source, abs_src_path=str(built.pages.directory / name))
                if source.endswith("/index.md") and name != built.pages.index.path:
                    _distinguish(file)
                files.append(file)
        self._site = built
        self._pages = {f"{self._prefix}/{page.path}": page for page in built.pages.pages}
        self._watch()
        return files

    # Late, so that pages which other plugins generate are there to be put into the navigation.
    @event_priority(-50)
    def _on_files_navigate(self, files: Files, *, config: MkDocsConfig) -> Files | None:
        """Put the pages into the navigation."""
        if self._site is None:
            return None
        place(config, files, self._site, self._prefix, [zoo._prefix for zoo in _zoos(config) if zoo._site])
        return files

    on_files = CombinedEvent(_on_files_add, _on_files_navigate)

    def on_page_content(self, _html: str, *, page: Page, **_: Any) -> str | None:
        """Tell MkDocs the anchors that our parts will add, so that it can check links to layers."""
        written = self._written(page)
        if written and page.present_anchor_ids is not None:
            page.present_anchor_ids |= written.anchors
        return None

    @event_priority(-100)
    def on_post_page(self, output: str, *, page: Page, **_: Any) -> str | None:
        """Put diagrams and tables in place, last: no other plugin has to read through them."""
        written = self._written(page)
        if not written or self._site is None:
            return None
        from keraviz_docs.pages.page import fill  # what composes pages was imported by who wrote them

        pages = self._site.pages
        return fill(output, lambda name: pages.part(written.path, name))

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, **_: Any) -> LiveReloadServer | None:
        """Watch the manifest and what the models are built from."""
        if not self.config.enabled:
            return None
        # What the server watches itself is left to it, so that one edit does not ask for two builds.
        self._served = [Path(path) for path in (config.docs_dir, config.config_file_path, *config.watch) if path]
        # What several zoos are built from is watched once, for the same reason.
        self._watcher = next((zoo._watcher for zoo in _zoos(config) if zoo._watcher), None)
        if self._watcher is None:
            self._watcher = Watcher()
            server.watch(str(self._watcher.bell))
            self._watcher.start()
        self._watch()
        return server

    def _watch(self) -> None:
        """Watch what the last build depends on, and nothing else: files come and go."""
        if self._watcher is None or self._site is None:
            return
        report = self._site.report
        contents, listed, missing = (
            [path for path in paths if not any(path.is_relative_to(served) for served in self._served)]
            for paths in (self._site.watched, report.listed, report.missing)
        )
        self._watcher.expect(self._prefix, contents, listed, missing)

    def _written(self, page: Page) -> WrittenPage | None:
        """Return what we wrote for a page of the site, if it is one of ours."""
        return self._pages.get(page.file.src_uri) if self._site else None


def _zoos(config: MkDocsConfig) -> list[KeravizPlugin]:
    """Return all that a site lists of this plugin."""
    return [plugin for plugin in config.plugins.values() if isinstance(plugin, KeravizPlugin)]


def _plugin_error(error: UserError) -> PluginError:
    """Return a mistake as MkDocs tells it: the build ends with the sentence and without a traceback.

    Several mistakes stand below their number, as MkDocs lists pages; editors find the places in indented lines, too.
    """
    text = str(error)
    if isinstance(error, ManifestError) and len(error.mistakes) > 1:
        text = f"there are {len(error.mistakes)} mistakes in the manifest:\n{text}"
    return PluginError(f"keraviz: {text}".replace("\n", "\n  "))


def _distinguish(file: File) -> None:
    """Let a model's page be one page among others, not the index of the section it is listed in.

    Themes take a page called ``index`` for that of its section (Material's ``navigation.indexes`` does), whichever
    section it stands in; its address is settled before its name is changed.
    """
    _ = file.dest_uri, file.url
    file.name = Path(file.src_uri).parent.name
