"""Files that requests bring: nobody gets at what is in one before the virus scanner has looked at it.

Whoever takes a file, a form, a call or what comes later, finds files of this kind in ``request.files`` and no others
(``app/readable.py``). So no upload has to remember the scanner, and none can be read past it.
"""

from __future__ import annotations

from typing import IO

from flask import current_app
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict

from app.gateways.clamd import CannotScan, Clamd, TooLargeToScan
from app.log import log
from app.rules.papers import file_name
from app.rules.violations import RuleViolation
from app.security.access_log import infected


class Upload(FileStorage):
    """A file as it was sent; scanned when somebody first touches its contents, in whatever way.

    Read it before a transaction begins: nothing waits for a scanner. Reading raises RuleViolation ``file_infected``,
    ``file_too_large_to_scan`` (413) or ``file_not_scanned`` (503).
    """

    _scanned = False

    @property
    def stream(self) -> IO[bytes]:
        if not self._scanned:
            require_clean(self._sent, self.filename or "")
            self._scanned = True
        return self._sent

    @stream.setter
    def stream(self, sent: IO[bytes]) -> None:
        self._sent = sent

    def close(self) -> None:
        """Also what nobody has looked at."""
        self._sent.close()


def as_uploads(files: MultiDict[str, FileStorage]) -> ImmutableMultiDict[str, FileStorage]:
    """What Werkzeug read from a request, which nobody has touched yet."""
    return ImmutableMultiDict(
        [
            (field, Upload(file.stream, file.filename, file.name, headers=file.headers))
            for field, file in files.items(multi=True)
        ]
    )


def require_clean(sent: IO[bytes], name: str) -> None:
    """Have the scanner look at it, where one is set, and wind it back; raises as ``Upload`` does."""
    scanner: Clamd | None = current_app.config["SCANNER"]
    if scanner is None:
        return
    try:
        signature = scanner.signature_in(sent)
    except TooLargeToScan as problem:
        log.warning("upload_too_large_to_scan", answer=str(problem))
        raise RuleViolation("file_too_large_to_scan", field="file", status=413) from problem
    except CannotScan as problem:
        log.error("upload_not_scanned", scanner=scanner.address, problem=str(problem))
        raise RuleViolation("file_not_scanned", field="file", status=503) from problem
    finally:
        sent.seek(0)
    if signature:
        log.warning("upload_infected", signature=signature)
        refusal = RuleViolation("file_infected", field="file", file=file_name(name), signature=signature)
        infected(refusal)
        raise refusal
