"""The sockets: TCP clients, senders of UDP, what they asked and what they are owed. Nothing here ever waits."""

import collections
import contextlib
import hmac
import os
import socket
import struct
import time

from . import notes as note_records
from .commands import Refused
from .errors import GrooveError
from .osccodec import Double, message, read

FRAME = 4 << 20  # bytes of a packet at most
DATAGRAM = 8192  # bytes of a reply over UDP at most
CLIENTS, SENDERS = 16, 32
HEAVY, HEAVIEST = 1 << 20, 16 << 20  # bytes that wait for a slow reader: no more news then; and its end
CHUNK = 1 << 18  # bytes read of one client at a time
BAD = 10  # packets that are not OSC, and then the connection ends
PATIENCE = 10.0  # seconds to say hello
IDLE = 60.0  # seconds after which a sender of UDP is forgotten
EXPIRY = 5.0  # seconds between two parts of a transfer
TRANSFERS = 8
_LENGTH = struct.Struct(">I")
_WOULD_BLOCK = (BlockingIOError, InterruptedError)


class Request:
    """A request that is being served: who asked, its id and when."""

    __slots__ = ("address", "client", "id", "since")

    def __init__(self, client, id, address):
        self.client, self.id, self.address, self.since = client, id, address, time.perf_counter()

    def ok(self, arguments):
        self.client.answer(self.id, "/gl/ok", self.id, self.spent(), *arguments)

    def error(self, code, sentence):
        self.client.answer(self.id, "/gl/error", self.id, code, " ".join(sentence.split())[:400], self.spent())

    def spent(self):
        return (time.perf_counter() - self.since) * 1000.0


class Client:
    """One program: over TCP its connection, over UDP its address."""

    def __init__(self, server, where, sock=None):
        self.server, self.where, self.sock = server, where, sock
        self.greeted, self.narrow, self.topics = False, False, set()
        self.inbox, self.outbox, self.packets = bytearray(), bytearray(), collections.deque()
        self.since = self.heard = server.live.now()
        self.dropped, self.bad, self.closed, self.ending = 0, 0, False, False
        self.finished = False  # it says no more; what it said is still done
        self._answers = collections.OrderedDict()  # over UDP: what came twice is answered again, not done again
        self._transfers = {}

    # What it is owed

    def send(self, address, arguments):
        if self.closed:
            return b""
        if self.narrow:
            arguments = [int(each) if isinstance(each, bool) else each for each in arguments]
        else:
            arguments = [Double(each) if type(each) is float else each for each in arguments]
        packet = message(address, *arguments)
        if self.sock is not None:
            self.outbox += _LENGTH.pack(len(packet)) + packet
        else:
            self.server.post(packet, self.where)
        return packet

    def push(self, address, *arguments):
        """News, left out for who does not read."""
        if len(self.outbox) > HEAVY:
            self.dropped += 1
        else:
            self.send(address, arguments)

    def answer(self, id, address, *arguments):
        if self.sock is None:
            size = 64 + sum(len(each) + 4 if isinstance(each, (bytes, str)) else 12 for each in arguments)
            if size > DATAGRAM:
                sentence = f"the answer has more than {DATAGRAM} bytes: ask for parts of it, or over TCP"
                address, arguments = "/gl/error", (id, "OUT_OF_RANGE", sentence, 0.0)
        packet = self.send(address, arguments)
        if self.sock is None and id:
            self._answers[id] = packet
            while len(self._answers) > 64:
                self._answers.popitem(last=False)

    def again(self, id):
        """Whether a datagram came before; then what it was answered is sent again."""
        if self.sock is not None or not id:
            return False
        if id in self._answers:
            if self._answers[id]:
                self.server.post(self._answers[id], self.where)
            return True
        self._answers[id] = b""
        return False

    # Transfers in parts

    def begin(self):
        now = self.server.live.now()
        for number in [n for n, (_, when) in self._transfers.items() if now - when > EXPIRY]:
            del self._transfers[number]
        if len(self._transfers) >= TRANSFERS:
            raise Refused("BUSY", f"{TRANSFERS} transfers are under way: use them, or wait {EXPIRY:g} s")
        self.server.transfers += 1
        self._transfers[self.server.transfers] = ({}, now)
        return self.server.transfers

    def part(self, number, index, blob):
        parts, _when = self._transfer(number)
        parts[index] = blob
        if sum(map(len, parts.values())) > note_records.MOST * note_records.RECORD.size:
            raise Refused("OUT_OF_RANGE", f"a clip is given at most {note_records.MOST} notes")
        self._transfers[number] = (parts, self.server.live.now())
        return len(parts)

    def blob(self, given):
        """Return the notes of a request: its own blob, or that of a transfer, which is used up."""
        if isinstance(given, bytes):
            return given
        parts, _ = self._transfer(given)
        if sorted(parts) != list(range(len(parts))):
            raise Refused(
                "NOT_FOUND", (f"of transfer {given} a part is missing: there are {', '.join(map(str, sorted(parts)))}")
            )
        del self._transfers[given]
        return b"".join(parts[index] for index in range(len(parts)))

    def _transfer(self, number):
        found = self._transfers.get(number)
        if found is None or self.server.live.now() - found[1] > EXPIRY:
            raise Refused("NOT_FOUND", f"there is no transfer {number}: it is used, or older than {EXPIRY:g} s")
        return found

    # What it says

    def receive(self):
        """Take in what has come; not of one who does not read its answers."""
        if self.closed or self.ending or self.finished or len(self.outbox) > HEAVY or len(self.inbox) > FRAME:
            return
        try:
            data = self.sock.recv(CHUNK)
        except _WOULD_BLOCK:
            return
        except OSError:
            data = b""
        self.finished = not data
        self.inbox += data

    def next_packet(self):
        """Return a whole packet that has come, or None."""
        if self.packets:
            return self.packets.popleft()
        if self.sock is None or self.ending or len(self.inbox) < 4:
            self.ending = self.ending or self.finished
            return None
        (size,) = _LENGTH.unpack_from(self.inbox)
        if not 0 < size <= FRAME or size % 4:
            sentence = f"this is not OSC over TCP: before a packet its length stands, of 4 to {FRAME} bytes, not {size}"
            self.send("/gl/error", (0, "TYPE", sentence, 0.0))
            self.ending = True  # where the next one begins cannot be known
            return None
        if len(self.inbox) < 4 + size:
            self.ending = self.finished
            return None
        packet = bytes(self.inbox[4 : 4 + size])
        del self.inbox[: 4 + size]
        return packet

    def flush(self):
        if self.outbox and not self.closed:
            try:
                sent = self.sock.send(memoryview(self.outbox)[:CHUNK])
            except _WOULD_BLOCK:
                sent = 0
            except OSError:
                return self.close()
            del self.outbox[:sent]
            if len(self.outbox) > HEAVIEST:
                self.close()
        if self.ending and not self.outbox:
            self.close()
        return None

    def close(self):
        if not self.closed:
            self.closed = True
            if self.sock is not None:
                self.sock.close()
            self.server.gone(self)


class Server:
    """The two sockets, opened again and again until their port is free."""

    def __init__(self, live, settings):
        self.live, self.settings = live, settings
        self.clients, self.senders = [], collections.OrderedDict()
        self.transfers, self.problem = 0, None
        self._tcp = self._udp = None
        self._retry = 0.0
        self.open()

    def open(self):
        """Open what is not open; say once where the port is taken."""
        where = (self.settings["host"], self.settings["port"])
        try:
            if self._tcp is None:
                self._tcp = _bound(socket.SOCK_STREAM, where)
            if self._udp is None:
                self._udp = _bound(socket.SOCK_DGRAM, where)
            self.problem = None
        except OSError as error:
            self._retry = self.live.now() + 1.0
            problem = f"port {where[1]} cannot be opened ({error.strerror}); groovelive.json can name another"
            if self.problem is None:
                self.live.say(problem)
            self.problem = problem

    def pump(self, seconds, most):
        """Take in, serve for so long or so many messages, give out."""
        if self.problem is not None and self.live.now() >= self._retry:
            self.open()
        self._accept()
        self._datagrams()
        for client in list(self.clients):
            client.receive()
        end, served = time.perf_counter() + seconds, 0
        waiting = self.clients + list(self.senders.values())
        while waiting and served < most and time.perf_counter() < end:
            still = []
            for client in waiting:  # one packet of each in turn, so that nobody waits for a chatterer
                packet = client.next_packet()
                if packet is not None:
                    self._packet(client, packet)
                    served += 1
                    still.append(client)
            waiting = still
        now = self.live.now()
        for client in list(self.clients):
            if not client.greeted and now - client.since > PATIENCE:
                client.send("/gl/error", (0, "VERSION", f"say hello within {PATIENCE:g} s", 0.0))
                client.ending = True
            client.flush()
        for where, client in list(self.senders.items()):
            if now - client.heard > IDLE:
                del self.senders[where]
                client.close()

    def flush(self):
        for client in list(self.clients):
            client.flush()

    def _accept(self):
        for _ in range(CLIENTS):
            if self._tcp is None:
                return
            try:
                sock, where = self._tcp.accept()
            except OSError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = Client(self, where, sock)
            self.clients.append(client)
            if len(self.clients) > CLIENTS:
                client.send("/gl/error", (0, "BUSY", f"{CLIENTS} programs are connected, and no more can be", 0.0))
                client.ending = True

    def _datagrams(self):
        for _ in range(64):
            if self._udp is None:
                return
            try:
                data, where = self._udp.recvfrom(65536)
            except OSError:  # nothing there; on Windows also that somebody's port has closed
                return
            client = self.senders.get(where)
            if client is None:
                client = self.senders[where] = Client(self, where)
                if len(self.senders) > SENDERS:
                    self.senders.popitem(last=False)[1].close()
            client.heard = self.live.now()
            self.senders.move_to_end(where)
            if len(client.packets) < 256:
                client.packets.append(data)

    def post(self, packet, where):
        with contextlib.suppress(OSError, AttributeError):  # full, or nobody there: UDP promises nothing
            self._udp.sendto(packet, where)

    def _packet(self, client, packet):
        try:
            messages = read(packet)
        except GrooveError as error:
            client.bad += 1
            client.send("/gl/error", (0, "TYPE", str(error), 0.0))
            client.ending = client.ending or (client.sock is not None and client.bad >= BAD)
            return
        for each in messages:
            arguments = list(each.arguments)
            id = arguments.pop(0) if arguments else None
            if isinstance(id, float) and id == int(id):
                id = int(id)
            if isinstance(id, bool) or not isinstance(id, int):
                sentence = f"the first argument of {each.address[:80]} is the request's id, an int"
                client.send("/gl/error", (0, "TYPE", sentence, 0.0))
            elif not client.again(id):
                self.live.serve(Request(client, id, each.address), arguments)

    def allows(self, token):
        return hmac.compare_digest(self.settings["token"].encode(), token.encode())

    def gone(self, client):
        if client in self.clients:
            self.clients.remove(client)
        self.live.left(client)

    def everyone(self):
        return [client for client in self.clients + list(self.senders.values()) if client.greeted and not client.ending]

    def close(self):
        for client in self.everyone():
            client.push("/gl/bye")
        self.flush()
        for client in list(self.clients) + list(self.senders.values()):
            client.close()
        for sock in (self._tcp, self._udp):
            if sock is not None:
                sock.close()
        self._tcp = self._udp = None


def _bound(kind, where):
    sock = socket.socket(socket.AF_INET, kind)
    try:
        # Or the port would be taken for a while after a reload. On Windows it is not, and two programs could have it.
        if os.name == "posix" and kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind(where)
        if kind == socket.SOCK_STREAM:
            sock.listen(CLIENTS)
    except OSError:
        sock.close()
        raise
    return sock
