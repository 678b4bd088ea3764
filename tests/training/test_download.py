"""The download against a server of our own that behaves, breaks, and lies."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from groovelive.errors import GrooveError
from groovelive.training import download as module
from groovelive.training.download import fetch

BODY = bytes(range(256)) * 1200  # 300 kB: several blocks
DIGEST = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves BODY; the fields say how it misbehaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.status = 200
        self.ranges = True
        self.drops = 0  # how many answers break off after 100,000 bytes
        self.lie_about_range = False
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sets/groove.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        body, start = self.server.body, 0
        if wanted and self.server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.send_error(416)
                return
            told = start + 1 if self.server.lie_about_range else start
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {told}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        rest = body[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.drops:
            self.server.drops -= 1
            rest = rest[:100_000]
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server: Server, folder: Path, **options: object) -> Path:
    return fetch(folder, url=server.url, size=len(BODY), sha256=DIGEST, pause=0, **options)  # type: ignore[arg-type]


def test_a_good_server(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = get(server, tmp_path / "new" / "folder", progress=lambda *at: seen.append(at))
    assert path == tmp_path / "new" / "folder" / "groove.zip"
    assert path.read_bytes() == BODY
    assert seen[0] == (0, len(BODY)) and seen[-1] == (len(BODY), len(BODY)) and seen == sorted(seen)
    assert [found.name for found in path.parent.iterdir()] == ["groove.zip"]


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    get(server, tmp_path)
    get(server, tmp_path)
    assert len(server.asked) == 1


def test_a_stranger_under_the_name_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "groove.zip").write_bytes(b"mine")
    with pytest.raises(GrooveError, match="move it away"):
        get(server, tmp_path)
    assert (tmp_path / "groove.zip").read_bytes() == b"mine" and server.asked == []


def test_a_dropped_connection_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.drops = 2
    assert get(server, tmp_path).read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_a_part_of_last_time_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / "groove.zip.part").write_bytes(BODY[:250_000])
    assert get(server, tmp_path).read_bytes() == BODY
    assert server.asked == ["bytes=250000-"]


def test_a_whole_part_needs_no_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "groove.zip.part").write_bytes(BODY)
    assert get(server, tmp_path).read_bytes() == BODY and server.asked == []


def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "groove.zip.part").write_bytes(BODY + b"!")
    assert get(server, tmp_path).read_bytes() == BODY and server.asked == [None]


def test_a_server_without_ranges_begins_anew(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.drops = 1
    assert get(server, tmp_path).read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-"]


def test_a_server_that_gets_no_further_is_given_up_and_the_part_kept(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.drops = 99
    with pytest.raises(GrooveError, match=r"0\.10 MB of 0\.31 MB are kept, run it again"):
        get(server, tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["groove.zip.part"]
    assert len(server.asked) == 1 + module.TRIES  # the first brought something


def test_wrong_bytes_are_removed(server: Server, tmp_path: Path) -> None:
    server.body = BODY[:-1] + b"!"
    with pytest.raises(GrooveError, match="wrong bytes"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_longer_file_is_not_taken(server: Server, tmp_path: Path) -> None:
    server.body = BODY * 2
    with pytest.raises(GrooveError, match="has more than"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_shorter_file_is_no_download(server: Server, tmp_path: Path) -> None:
    server.body = BODY[:1000]
    with pytest.raises(GrooveError, match="cannot fetch"):
        get(server, tmp_path)
    assert not (tmp_path / "groove.zip").exists()


def test_a_range_that_is_not_ours_is_not_appended(server: Server, tmp_path: Path) -> None:
    server.lie_about_range = True
    (tmp_path / "groove.zip.part").write_bytes(BODY[:1000])
    assert get(server, tmp_path).read_bytes() == BODY
    assert server.asked == ["bytes=1000-", None]


def test_not_found_is_told_at_once(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(GrooveError, match="404 Not Found"):
        get(server, tmp_path)
    assert len(server.asked) == 1 and list(tmp_path.iterdir()) == []


def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.status = 503
    with pytest.raises(GrooveError, match="503"):
        get(server, tmp_path)
    assert len(server.asked) == module.TRIES


def test_nobody_there(server: Server, tmp_path: Path) -> None:
    url = server.url
    server.shutdown()
    server.server_close()
    with pytest.raises(GrooveError, match="no connection"):
        fetch(tmp_path, url=url, size=len(BODY), sha256=DIGEST, pause=0)


@pytest.mark.parametrize("url", ["file:///etc/hosts", "groove.zip", "http://"])
def test_only_the_web(url: str, tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match="must begin with http"):
        fetch(tmp_path, url=url)


def test_a_full_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_receive", full)
    with pytest.raises(GrooveError, match=r"is full: groove.zip needs 0\.31 MB"):
        get(server, tmp_path)


def test_a_folder_that_is_a_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(GrooveError, match="cannot write"):
        get(server, tmp_path / "data")
