#!/usr/bin/env python3
"""A terminal, an issuer host and a reader app in one, as a stranger would write them.

It knows the card only through PC/SC (plain pyscard) and the profile's lab keys, computes every
MAC, TAC and serial with its own arithmetic (des_sm4.py) and stops at the first difference.

    purse profile show cjt166 --json > cjt166.json
    purse_client.py --reader "Virtual PCD" --profile-json cjt166.json

One line per step on stdout, `OK n checks` at the end. Exit status: 0 all checks passed,
1 the card answered something else, 2 usage, reader or PC/SC trouble.
"""

import argparse
import json
import sys
import time

import des_sm4

try:
    from smartcard.CardConnection import CardConnection
    from smartcard.Exceptions import CardConnectionException, NoCardException
    from smartcard.System import readers
except ImportError:
    sys.exit("pyscard is missing: apt-get install python3-pyscard, and run with /usr/bin/python3")

# Transaction types as they stand in MACs, logs and proofs.
LOAD_ED, LOAD_EP, UNLOAD, CASH, BUY_ED, BUY_EP, COMPOUND = 1, 2, 3, 4, 5, 6, 9

ED, EP = 1, 2  # P2 of the purse commands
DEPOSIT_AND_PURSE = {LOAD_ED: ED, LOAD_EP: EP, UNLOAD: ED, CASH: ED, BUY_ED: ED, BUY_EP: EP}
DEPOSIT_AND_PURSE[COMPOUND] = EP

OK = 0x9000
PUBLIC, HOLDER, COMPOUND_FILE, LOG = 0x15, 0x16, 0x17, 0x18
JTT_COMPOUND_FILE, JTT_TRIPS, CJT_LOADS, CJT_OTHER_CITIES = 0x1A, 0x1E, 0x1A, 0x10
LOG_RECORD = 0x17


class Mismatch(Exception):
    """The card said something else than the arithmetic here."""


class Trouble(Exception):
    """No reader, no card, no keys: nothing was proved either way."""


def text(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper() or "(nothing)"
    return str(value)


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02}"


class Checks:
    """Counts what was compared; the first difference ends the run."""

    def __init__(self):
        self.count = 0

    def equal(self, what, got, want):
        self.count += 1
        if got != want:
            raise Mismatch(f"{what}: card {text(got)}, expected {text(want)}")

    def one_of(self, what, got, wanted):
        self.count += 1
        if got not in wanted:
            expected = " or ".join(text(want) for want in wanted)
            raise Mismatch(f"{what}: card {text(got)}, expected {expected}")

    def status(self, what, got, *wanted):
        self.count += 1
        if got not in wanted:
            expected = " or ".join(f"{want:04X}" for want in wanted)
            raise Mismatch(f"{what}: status {got:04X}, expected {expected}")


class Card:
    """One card behind one PC/SC reader: the transport rules of T=0 and T=1, nothing else."""

    def __init__(self, name_part, protocol, trace):
        self.trace = trace
        self.exchanges = 0
        found = [str(reader) for reader in readers()]
        matching = [reader for reader in readers() if name_part in str(reader)]
        if len(matching) != 1:
            raise Trouble(f"{len(matching)} readers match {name_part!r}; PC/SC lists {found}")
        self.connection = matching[0].createConnection()
        wanted = {
            "t0": CardConnection.T0_protocol,
            "t1": CardConnection.T1_protocol,
            "any": CardConnection.T0_protocol | CardConnection.T1_protocol,
        }
        self.connection.connect(wanted[protocol])
        self.t0 = self.connection.getProtocol() == CardConnection.T0_protocol
        self.reader = str(matching[0])
        self.atr = bytes(self.connection.getATR())

    def exchange(self, apdu):
        self.exchanges += 1
        data, sw1, sw2 = self.connection.transmit(list(apdu))
        if self.trace:
            print(f"> {apdu.hex().upper()}", file=sys.stderr)
            print(f"< {bytes(data).hex().upper()} {sw1:02X}{sw2:02X}", file=sys.stderr)
        return bytes(data), sw1 << 8 | sw2

    def send(self, header, data=b"", le=None):
        """Header of four bytes in hex; returns the response data and the status word."""
        command = bytes.fromhex(header)
        if data:
            command += bytes([len(data)]) + data
            if le is not None and not self.t0:  # T=0 has no room for Le beside data
                command += bytes([le])
        elif le is not None:
            command += bytes([le])
        elif self.t0:
            command += b"\x00"
        response, status = self.exchange(command)
        if status >> 8 == 0x6C:
            response, status = self.exchange(command[:4] + bytes([status & 0xFF]))
        while status >> 8 == 0x61:
            more, status = self.exchange(bytes.fromhex("00C00000") + bytes([status & 0xFF]))
            response += more
        return response, status

    def close(self):
        self.connection.disconnect()


def number(value):
    """A number in the profile's JSON: an integer, or one byte in hex."""
    return value if isinstance(value, int) else int(value, 16)


class Key:
    """One key of the card as the profile shows it; `value` is what this file derived itself."""

    def __init__(self, entry):
        self.kind = entry["kind"]
        self.index = number(entry["index"])
        self.version = number(entry["version"])
        algorithm = entry["algorithm"]
        named = {"3des": ("3des", (0, 1)), "sm4": ("sm4", (4,))}
        if algorithm in named:
            self.suite, self.algorithm_ids = named[algorithm]
        else:
            self.algorithm_ids = (number(algorithm),)
            self.suite = "sm4" if self.algorithm_ids == (4,) else "3des"
        self.master = bytes.fromhex(entry.get("master") or "")
        self.card = bytes.fromhex(entry.get("card") or "")
        self.value = self.card


class Profile:
    """What `purse profile show P --json` says."""

    def __init__(self, document):
        if not document.get("ok"):
            raise Trouble(f"the profile document is not ok: {document}")
        self.name = document["name"]
        self.aid = bytes.fromhex(document["aid"])
        self.suite = des_sm4.suite(document["algorithm"])
        self.serial = bytes.fromhex(document["serial"])
        self.pin = bytes.fromhex(document["pin"]) if document.get("pin") else None
        self.keys = [Key(entry) for entry in document["keys"]]
        self.factors = document.get("factors")
        code = document.get("authentication_code")
        self.code = bytes.fromhex(code) if code else None
        if document["custody"] != "lab":
            raise Trouble(f"profile {self.name} hides its keys: custody is {document['custody']}")

    def family(self, name):
        return self.name == name or self.name.startswith(name + "-")

    def key(self, kind):
        found = [key for key in self.keys if key.kind == kind and key.value]
        fitting = [key for key in found if key.suite == self.suite.name]
        if not found:
            raise Trouble(f"profile {self.name} shows no key of kind {kind!r}")
        return (fitting or found)[0]


class Terminal:
    """Drives one card through the whole story and keeps its own books."""

    def __init__(self, card, profile, checks):
        self.card, self.profile, self.checks = card, profile, checks
        self.suite = profile.suite
        self.number = bytes.fromhex("313233343536")
        self.sequence = 0x2A
        self.clock = 0
        self.public = b""
        self.code = b""  # the 9 bytes that lengthen MAC1 once the card was asked for them
        self.books = {}  # log file -> records, newest first
        self.limits = {ED: 0, EP: 0}

    # -------------------------------------------------------------- small steps

    def say(self, line):
        print(line, flush=True)

    def send(self, what, header, data=b"", le=None, length=None):
        """A command that must succeed, with an answer of this length."""
        response, status = self.card.send(header, data, le)
        self.checks.status(what, status, OK)
        if length is not None:
            self.checks.equal(f"{what}: length of the answer", len(response), length)
        return response

    def refuse(self, what, wanted, header, data=b"", le=None):
        """A command that must be refused."""
        response, status = self.card.send(header, data, le)
        self.checks.status(what, status, *wanted)
        self.checks.equal(f"{what}: data beside a refusal", response, b"")
        return status

    def now(self):
        self.clock += 1
        return bytes.fromhex(f"20260115{10:02}{self.clock // 60:02}{self.clock % 60:02}")

    def balance(self, purse, view=0):
        answer = self.send(f"GET BALANCE {view:02X}{purse:02X}", f"805C{view:02X}{purse:02X}", le=4, length=4)
        return int.from_bytes(answer, "big")

    def record(self, sfi, nth, length, by_id=False):
        mode = 0 if by_id else 4
        return self.card.send(f"00B2{nth:02X}{sfi << 3 | mode:02X}", le=length)

    def log_file(self, kind, terminal):
        """Where this transaction is logged: CJT keeps loads and other cities apart."""
        if not self.profile.family("cjt166"):
            return LOG
        if kind in (LOAD_ED, LOAD_EP, UNLOAD):
            return CJT_LOADS
        return LOG if terminal[:2] == self.public[2:4] else CJT_OTHER_CITIES

    def book(self, kind, serial, amount, terminal, moment):
        """Checks the newest log record and the proof's refusal of other serials."""
        sfi = self.log_file(kind, terminal)
        limit = self.limits[DEPOSIT_AND_PURSE[kind]]
        entry = serial.to_bytes(2, "big") + limit.to_bytes(3, "big") + amount.to_bytes(4, "big")
        entry += bytes([kind]) + terminal + moment
        data, status = self.record(sfi, 1, LOG_RECORD)
        self.checks.status(f"newest record of log {sfi:02X}", status, OK)
        self.checks.equal(f"newest record of log {sfi:02X}", data, entry)
        self.books.setdefault(sfi, []).insert(0, entry)

    def proof(self, kind, serial, mac, tac):
        """GET TRANSACTION PROOF answers for the serial after the increment, and for no other."""
        ask = f"805A00{kind:02X}"
        answer = self.send("GET TRANSACTION PROOF", ask, serial.to_bytes(2, "big"), 8, 8)
        self.checks.equal("proof: MAC and TAC", answer, mac + tac)
        other = LOAD_EP if kind != LOAD_EP else BUY_EP
        self.refuse("proof of another serial", [0x9406], ask, ((serial + 1) & 0xFFFF).to_bytes(2, "big"), 8)
        self.refuse("proof of another type", [0x9406], f"805A00{other:02X}", serial.to_bytes(2, "big"), 8)

    # -------------------------------------------------------------- the card's surface

    def derive_keys(self):
        """Card keys from masters, with the factors that card data themselves yield."""
        profile = self.profile
        if profile.factors is not None:
            factors = [bytes.fromhex(factor) for factor in profile.factors]
            source = "the profile's factors"
        elif profile.family("cjt166"):
            factors = [self.public[2:4] + bytes.fromhex("FF0000000000"), self.public[12:20]]
            source = "city code and serial of file 15"
        elif profile.family("jtt978"):
            factors = [self.public[0:8], self.public[12:20]]
            source = "issuer and serial of file 15"
        else:
            factors = [self.public[12:20]]
            source = "serial of file 15"
        derived = 0
        for key in profile.keys:
            if not key.master:
                continue
            key.value = des_sm4.diversify(des_sm4.suite(key.suite), key.master, factors)
            if key.card:
                self.checks.equal(f"card key {key.kind} {key.index:02X}", key.card, key.value)
            derived += 1
        self.say(f"keys: {derived} derived from {source}, equal to the profile's card keys")

    def select(self, quiet=False):
        aid = self.profile.aid
        fci = self.send("SELECT", "00A40400", aid, 0)
        self.code = b""
        self.checks.equal("FCI template", fci[:1], b"\x6f")
        tags = dict(walk(fci))
        name = tags.get("84", b"")
        self.checks.equal("FCI: name", name[: len(aid)], aid)
        self.public = self.send("READ BINARY 15", "00B09500", le=0x1E, length=0x1E)
        if tags.get("9F0C"):
            self.checks.equal("FCI: 9F0C", tags["9F0C"], self.public)
        self.checks.equal("serial in file 15", self.public[12:20], self.profile.serial)
        if not quiet:
            self.say(f"SELECT {text(name)}: FCI of {len(fci)} bytes, serial {text(self.public[10:20])}")

    def surface(self):
        """What a reader app looks at before any transaction."""
        profile = self.profile
        if profile.family("jtt978"):
            listing, status = self.card.send("00A40400", b"2PAY.SYS.DDF01", 0)
            if status == OK:
                applications = [value for tag, value in walk(listing) if tag == "4F"]
                found = any(profile.aid.startswith(a) or a.startswith(profile.aid) for a in applications)
                self.checks.equal("PPSE lists the purse", found, True)
                self.say(f"SELECT 2PAY.SYS.DDF01: lists {', '.join(map(text, applications))}")
        if profile.family("cjt166"):
            self.send("SELECT 1PAY.SYS.DDF01", "00A40400", b"1PAY.SYS.DDF01", 0)
            issuer = self.send("READ BINARY 05 of the MF", "00B08500", le=0x28, length=0x28)
            self.say(f"MF file 05: {text(issuer)}")
        self.refuse("SELECT of an unknown name", [0x6A82], "00A40400", bytes.fromhex("F07075727365"), 0)
        self.select()
        whole = self.send("READ BINARY 15, Le 00", "00B09500", le=0, length=0x1E)
        self.checks.equal("file 15, read with Le 00", whole, self.public)
        holder, status = self.card.send("00B09600", le=0)
        self.checks.status("READ BINARY 16", status, OK, 0x6982)
        if status == OK:
            self.checks.one_of("length of file 16", len(holder), [0x27, 0x37, 0x5C])
        self.say(f"file 15: {text(self.public)}; file 16: {len(holder)} bytes")
        if profile.family("jtt978"):
            management = self.send("READ BINARY 17", "00B09700", le=0x3C, length=0x3C)
            self.say(f"file 17: {text(management)}")
        self.refuse("READ BINARY of a file that is not there", [0x6A82], "00B09D00", le=0x10)
        challenges = [self.send("GET CHALLENGE", "00840000", le=8, length=8) for _ in range(2)]
        self.checks.equal("two challenges differ", challenges[0] != challenges[1], True)
        self.refuse("unknown instruction", [0x6D00], "80F10000", le=0)

    def unlock(self):
        """VERIFY PIN, where the profile has one, and what is closed before it."""
        pin = self.profile.pin
        if pin is None:
            self.say("VERIFY: this family loads without a PIN")
            return
        ask = self.request(self.profile.key("load"), 0, self.number)
        self.refuse("INITIALIZE FOR LOAD before VERIFY", [0x6982], "80500002", ask, 0x10)
        if self.has_deposit():
            self.refuse("GET BALANCE of the deposit before VERIFY", [0x6982], "805C0001", le=4)
        wrong = bytes([pin[0] ^ 0x11]) + pin[1:]
        _, status = self.card.send("00200000", wrong)
        self.checks.equal("VERIFY with a wrong PIN", f"{status:04X}"[:3], "63C")
        tries = status & 0xF
        self.refuse("INITIALIZE FOR LOAD after a wrong PIN", [0x6982], "80500002", ask, 0x10)
        self.send("VERIFY", "00200000", pin)
        self.say(f"VERIFY: wrong PIN {status:04X} ({tries} tries left), right PIN 9000")

    def has_deposit(self):
        _, status = self.card.send("805C0001", le=4)
        return status in (OK, 0x6982)

    # -------------------------------------------------------------- transactions

    def request(self, key, amount, terminal):
        return bytes([key.index]) + amount.to_bytes(4, "big") + terminal

    def check_key(self, what, key, version, algorithm):
        self.checks.equal(f"{what}: key version", version, key.version)
        self.checks.one_of(f"{what}: algorithm", algorithm, key.algorithm_ids)

    def initialize_online(self, what, header, key, kind, amount, terminal, purse):
        """INITIALIZE FOR LOAD or UNLOAD: balance4 serial2 version1 algorithm1 random4 MAC1 4."""
        before = self.balance(purse)
        answer = self.send(what, header, self.request(key, amount, terminal), 0x10, 0x10)
        balance, serial = answer[0:4], answer[4:6]
        self.checks.equal(f"{what}: balance", int.from_bytes(balance, "big"), before)
        self.check_key(what, key, answer[6], answer[7])
        session = self.suite.session_key(key.value, answer[8:12] + serial + b"\x80\x00")
        tail = amount.to_bytes(4, "big") + bytes([kind]) + terminal
        self.checks.equal(f"{what}: MAC1", answer[12:16], self.suite.mac(session, balance + tail))
        return before, serial, session, tail

    def initialize_offline(self, what, header, key, amount, terminal, purse):
        """INITIALIZE FOR PURCHASE: balance4 serial2 overdraft3 version1 algorithm1 random4."""
        before = self.balance(purse)
        answer = self.send(what, header, self.request(key, amount, terminal), 0x0F, 0x0F)
        self.checks.equal(f"{what}: balance", int.from_bytes(answer[0:4], "big"), before)
        self.limits[purse] = int.from_bytes(answer[6:9], "big")
        self.check_key(what, key, answer[9], answer[10])
        return before, answer[4:6], answer[11:15]

    def learn(self):
        """Serials and limits, the way reader apps probe them: INITIALIZE with amount 0."""
        zero = bytes(6)
        before, offline, _ = self.initialize_offline(
            "INITIALIZE FOR PURCHASE of 0", "80500102", self.profile.key("purchase"), 0, zero, EP
        )
        _, online, _, _ = self.initialize_online(
            "INITIALIZE FOR LOAD of 0", "80500002", self.profile.key("load"), LOAD_EP, 0, zero, EP
        )
        self.say(
            f"balance {yuan(before)}, overdraft limit {yuan(self.limits[EP])}, "
            f"serials offline {text(offline)}, online {text(online)}"
        )

    def load(self, amount, purse=EP):
        kind = LOAD_EP if purse == EP else LOAD_ED
        what = "LOAD EP" if purse == EP else "LOAD ED"
        key, tac_key = self.profile.key("load"), self.profile.key("tac")
        before, serial, session, tail = self.initialize_online(
            f"INITIALIZE FOR {what}", f"805000{purse:02X}", key, kind, amount, self.number, purse
        )
        moment = self.now()
        mac2 = self.suite.mac(session, tail + moment)
        tac = self.send(f"CREDIT FOR {what}", "80520000", moment + mac2, 4, 4)
        after = before + amount
        data = after.to_bytes(4, "big") + serial + tail + moment
        self.checks.equal(f"{what}: TAC", tac, self.suite.tac(tac_key.value, data))
        self.checks.equal(f"{what}: balance after", self.balance(purse), after)
        count = int.from_bytes(serial, "big") + 1
        self.proof(kind, count, bytes(4), tac)
        self.book(kind, count, amount, self.number, moment)
        self.refuse("CREDIT FOR LOAD twice", [0x6901], "80520000", moment + mac2, 4)
        self.say(f"{what} {yuan(amount)}: serial {count}, MAC1, TAC {text(tac)}, balance {yuan(after)}")

    def load_with_wrong_mac(self):
        key = self.profile.key("load")
        before, serial, session, tail = self.initialize_online(
            "INITIALIZE FOR LOAD", "80500002", key, LOAD_EP, 100, self.number, EP
        )
        moment = self.now()
        mac2 = self.suite.mac(session, tail + moment)
        wrong = bytes([mac2[0] ^ 1]) + mac2[1:]
        self.refuse("CREDIT FOR LOAD with a wrong MAC2", [0x9302], "80520000", moment + wrong, 4)
        self.refuse("CREDIT FOR LOAD after a wrong MAC2", [0x6901], "80520000", moment + mac2, 4)
        again = self.initialize_online(
            "INITIALIZE FOR LOAD", "80500002", key, LOAD_EP, 100, self.number, EP
        )
        self.checks.equal("balance after a wrong MAC2", again[0], before)
        self.checks.equal("online serial after a wrong MAC2", again[1], serial)
        self.newest_is_still_ours()
        self.say("LOAD with a wrong MAC2: 9302, nothing changed")

    def purchase(self, amount, kind=BUY_EP, cached=(), terminal=None, le=8, spoil=False, label=None):
        """Purchase, cash withdrawal and compound purchase differ in three bytes and the cache."""
        terminal = terminal or self.number
        purse = DEPOSIT_AND_PURSE[kind]
        name = {BUY_EP: "PURCHASE EP", BUY_ED: "PURCHASE ED", CASH: "CASH ED"}
        what = label or name.get(kind, "COMPOUND PURCHASE")
        start = {BUY_EP: "80500102", BUY_ED: "80500101", CASH: "80500201", COMPOUND: "80500302"}[kind]
        key, tac_key = self.profile.key("purchase"), self.profile.key("tac")
        before, serial, random = self.initialize_offline(
            f"INITIALIZE FOR {what}", start, key, amount, terminal, purse
        )
        for header, data in cached:
            self.send("UPDATE CAPP DATA CACHE", header, data)
        self.checks.equal("GET BALANCE within a transaction", self.balance(purse), before)
        self.sequence += 1
        sequence = self.sequence.to_bytes(4, "big")
        moment = self.now()
        session = self.suite.session_key(key.value, random + serial + sequence[2:4])
        paid = amount.to_bytes(4, "big") + bytes([kind]) + terminal
        mac1 = self.suite.mac(session, paid + moment + self.code)
        step = sequence + moment
        if spoil:
            wrong = mac1[:3] + bytes([mac1[3] ^ 0x80])
            self.refuse(f"DEBIT FOR {what} with a wrong MAC1", [0x9302], "80540100", step + wrong, le)
            self.refuse(f"DEBIT FOR {what} after a wrong MAC1", [0x6901], "80540100", step + mac1, le)
            again = self.initialize_offline(
                f"INITIALIZE FOR {what}", start, key, amount, terminal, purse
            )
            self.checks.equal("balance after a wrong MAC1", again[0], before)
            self.checks.equal("offline serial after a wrong MAC1", again[1], serial)
            self.newest_is_still_ours()
            self.say(f"{what} with a wrong MAC1: 9302, then 6901, nothing changed")
            return
        answer = self.send(f"DEBIT FOR {what}", "80540100", step + mac1, le, 8)
        tac, mac2 = answer[:4], answer[4:]
        self.checks.equal(f"{what}: TAC", tac, self.suite.tac(tac_key.value, paid + step))
        self.checks.equal(f"{what}: MAC2", mac2, self.suite.mac(session, amount.to_bytes(4, "big")))
        after = before - amount
        self.checks.equal(f"{what}: balance after", self.balance(purse), after)
        count = int.from_bytes(serial, "big") + 1
        self.proof(kind, count, mac2, tac)
        self.book(kind, count, amount, terminal, moment)
        self.refuse(f"DEBIT FOR {what} twice", [0x6901], "80540100", step + mac1, le)
        self.say(
            f"{what} {yuan(amount)}: serial {count}, MAC1 over {len(paid + moment + self.code)} bytes, "
            f"TAC {text(tac)}, MAC2 {text(mac2)}, balance {yuan(after)}"
        )

    def unload(self, amount):
        key = self.profile.key("unload")
        before, serial, session, tail = self.initialize_online(
            "INITIALIZE FOR UNLOAD", "80500501", key, UNLOAD, amount, self.number, ED
        )
        moment = self.now()
        mac2 = self.suite.mac(session, tail + moment)
        mac3 = self.send("DEBIT FOR UNLOAD", "80540300", moment + mac2, 4, 4)
        after = before - amount
        data = after.to_bytes(4, "big") + serial + tail + moment
        self.checks.equal("UNLOAD: MAC3", mac3, self.suite.mac(session, data))
        self.checks.equal("UNLOAD: balance after", self.balance(ED), after)
        count = int.from_bytes(serial, "big") + 1
        self.proof(UNLOAD, count, mac3, bytes(4))
        self.book(UNLOAD, count, amount, self.number, moment)
        self.say(f"UNLOAD ED {yuan(amount)}: serial {count}, MAC3 {text(mac3)}, balance {yuan(after)}")

    def too_much(self):
        """One fen more than there is."""
        key = self.profile.key("purchase")
        before = self.balance(EP)
        ask = self.request(key, before + 1, self.number)
        self.refuse("INITIALIZE FOR PURCHASE of too much", [0x9401], "80500102", ask, 0x0F)
        self.refuse("DEBIT after a refused INITIALIZE", [0x6901], "80540100", bytes(15), 8)
        self.checks.equal("balance after a refused purchase", self.balance(EP), before)
        unknown = bytes([0x7E]) + ask[1:5] + self.number
        self.refuse("INITIALIZE FOR PURCHASE with an unknown key", [0x9403], "80500102", unknown, 0x0F)
        self.newest_is_still_ours()
        self.say(f"PURCHASE EP {yuan(before + 1)}: 9401, nothing changed; unknown key 9403")

    def newest_is_still_ours(self):
        for sfi, entries in self.books.items():
            data, status = self.record(sfi, 1, LOG_RECORD)
            self.checks.status(f"newest record of log {sfi:02X}", status, OK)
            self.checks.equal(f"newest record of log {sfi:02X} after a refusal", data, entries[0])

    # -------------------------------------------------------------- compound purchases

    def compound_by_id(self, with_code):
        """SFI 17, a record found by its id; CJT with the authentication code in MAC1 and without."""
        ident, old = self.first_compound_record()
        size = len(old)
        where = f"record {ident:02X} of {size} bytes"

        def filled(mark):
            body = bytes((mark + i) & 0xFF for i in range(size - 3))
            return bytes([ident, size - 2, 0]) + body

        def update(mark):
            return [(f"80DC{ident:02X}{COMPOUND_FILE << 3:02X}", filled(mark))]

        def buy(amount, mark, what):
            self.purchase(amount, COMPOUND, update(mark), label=f"COMPOUND PURCHASE, {what}")
            written(mark)

        def written(mark):
            data, status = self.record(COMPOUND_FILE, ident, size, by_id=True)
            self.checks.status("READ RECORD 17", status, OK)
            self.checks.equal(f"SFI 17, record {ident:02X}", data, filled(mark))

        if with_code:
            self.select(quiet=True)
            self.ask_for_code()
            buy(300, 0x10, f"{where}, code")
            buy(0, 0x20, "free entry, code")
            self.purchase(150, BUY_EP, label="PURCHASE EP, code")
            self.purchase(120, COMPOUND, update(0x30), spoil=True, label="COMPOUND PURCHASE, code")
            self.short_mac_is_refused(update(0x30))
            written(0x20)
            self.select(quiet=True)
        buy(250, 0x40, f"{where}, no code")
        buy(0, 0x50, "free entry, no code")
        self.purchase(120, COMPOUND, update(0x60), spoil=True, label="COMPOUND PURCHASE, no code")
        written(0x50)

    def ask_for_code(self):
        """GET DATA 80CA: nine bytes, which from now on close the input of MAC1."""
        code = self.send("GET DATA (authentication code)", "80CA0000", le=9, length=9)
        if self.profile.code is not None:
            self.checks.equal("authentication code", code, self.profile.code)
        self.code = code
        self.say(f"GET DATA 80CA: authentication code {text(code)}")

    def short_mac_is_refused(self, cached):
        """A MAC1 over 18 bytes must not pass once the card has given its code."""
        key = self.profile.key("purchase")
        before, serial, random = self.initialize_offline(
            "INITIALIZE FOR COMPOUND PURCHASE", "80500302", key, 120, self.number, EP
        )
        for header, data in cached:
            self.send("UPDATE CAPP DATA CACHE", header, data)
        step = bytes.fromhex("0000FFFF") + self.now()
        session = self.suite.session_key(key.value, random + serial + step[2:4])
        paid = (120).to_bytes(4, "big") + bytes([COMPOUND]) + self.number
        short = self.suite.mac(session, paid + step[4:])
        self.refuse("DEBIT with MAC1 over 18 bytes after 80CA", [0x9302], "80540100", step + short, 8)
        self.checks.equal("balance after the short MAC1", self.balance(EP), before)
        self.say("COMPOUND PURCHASE with MAC1 over 18 bytes after 80CA: 9302, nothing changed")

    def first_compound_record(self):
        for ident in (1, 2, 3, 9, 0x11):
            data, status = self.record(COMPOUND_FILE, ident, 0, by_id=True)
            if status == OK:
                self.checks.equal(f"id of record {ident:02X}", data[0], ident)
                self.checks.equal(f"length byte of record {ident:02X}", data[1], len(data) - 2)
                return ident, data
        raise Mismatch("SFI 17 has no record with id 01, 02, 03, 09 or 11")

    def compound_jtt(self):
        """One debit writes the 128-byte record 2702 and appends a 48-byte trip record."""

        def record(state, fare):
            data = bytes.fromhex("27027D" "01" "01" "00") + self.sequence.to_bytes(8, "big")
            data += bytes([state]) + self.public[2:4] + self.public[0:8] + bytes.fromhex("00010203" "05")
            data += b"PK-00001" + bytes(2) + self.number + bytes.fromhex("20260115100000")
            data += fare.to_bytes(4, "big")
            return data + bytes(128 - len(data))

        def trip(fare, left):
            data = bytes([4]) + bytes(2) + self.number + b"\x02" + bytes.fromhex("00010203040506")
            data += fare.to_bytes(4, "big") + left.to_bytes(4, "big")
            data += bytes.fromhex("20260115100000") + self.public[2:4] + self.public[0:8]
            return data + bytes(48 - len(data))

        def update(one, other):
            return [(f"80DC02{JTT_COMPOUND_FILE << 3:02X}", one), (f"80DC00{JTT_TRIPS << 3:02X}", other)]

        def written(one, trips):
            data, status = self.record(JTT_COMPOUND_FILE, 2, 0x80)
            self.checks.status("READ RECORD 1A", status, OK)
            self.checks.equal("SFI 1A, record 02", data, one)
            for nth, want in enumerate(trips, 1):
                data, status = self.record(JTT_TRIPS, nth, 0x30)
                self.checks.status(f"READ RECORD 1E, number {nth}", status, OK)
                self.checks.equal(f"SFI 1E, record {nth:02X}", data, want)

        left = self.balance(EP)
        entry, first = record(1, 0), trip(0, left)
        what = "COMPOUND PURCHASE, record 2702 and a trip"
        self.purchase(0, COMPOUND, update(entry, first), label=f"{what}, free entry")
        written(entry, [first])
        left -= 275
        leave, second = record(2, 275), trip(275, left)
        self.purchase(275, COMPOUND, update(leave, second), label=f"{what}, exit")
        written(leave, [second, first])
        self.purchase(100, COMPOUND, update(entry, trip(100, 0)), spoil=True, label=what)
        written(leave, [second, first])
        self.views()

    def views(self):
        """The stored balance of a T-Union purse includes the overdraft limit."""
        stored, limit, used, own = (self.balance(EP, view) for view in (0, 1, 2, 3))
        self.checks.equal("GET BALANCE 01: limit", limit, self.limits[EP])
        self.checks.equal("GET BALANCE 02: overdraft used", used, max(0, limit - stored))
        self.checks.equal("GET BALANCE 03: own money", own, max(0, stored - limit))
        words = self.send("GET BALANCE 0502", "805C0502", le=16, length=16)
        want = b"".join(word.to_bytes(4, "big") for word in (own, limit, used))
        self.checks.equal("GET BALANCE 05: own money, limit, used", words[:12], want)
        self.say(f"GET BALANCE: stored {yuan(stored)}, limit {yuan(limit)}, used {yuan(used)}, own {yuan(own)}")

    # -------------------------------------------------------------- the end

    def logs(self):
        """Reads every log used the way a reader app does and compares with the books."""
        for sfi, entries in sorted(self.books.items()):
            seen = []
            for nth in range(1, 0xFF):
                data, status = self.record(sfi, nth, 0)
                if status == 0x6A83 or status == OK and set(data) in ({0x00}, {0xFF}):
                    break
                self.checks.status(f"log {sfi:02X}, record {nth:02X}", status, OK)
                self.checks.equal(f"log {sfi:02X}, length of record {nth:02X}", len(data), LOG_RECORD)
                seen.append(data)
            known = min(len(entries), max(10, len(seen)))
            self.checks.equal(f"log {sfi:02X}: records kept", len(seen) >= known, True)
            for nth, (got, want) in enumerate(zip(seen, entries), 1):
                self.checks.equal(f"log {sfi:02X}, record {nth:02X}", got, want)
            self.say(f"log {sfi:02X}: {len(seen)} records, the newest {min(len(seen), len(entries))} as booked")

    def story(self):
        self.surface()
        self.derive_keys()
        profile = self.profile
        self.unlock()
        self.learn()
        local = profile.family("cjt166")
        if local:
            self.number = self.public[2:4] + self.number[2:]
        self.load(10000)
        self.load(1)
        self.load_with_wrong_mac()
        self.purchase(1234)
        self.purchase(1, le=None, label="PURCHASE EP without Le")
        self.purchase(0, label="PURCHASE EP of nothing")
        if local:
            elsewhere = bytes(byte ^ 0x11 for byte in self.public[2:4]) + self.number[2:]
            self.purchase(200, terminal=elsewhere, label="PURCHASE EP in another city")
        self.purchase(500, spoil=True)
        self.too_much()
        if local:
            self.compound_by_id(with_code=True)
        if profile.family("jtt978"):
            self.compound_jtt()
        if profile.family("pboc"):
            self.compound_by_id(with_code=False)
            self.load(20000, ED)
            self.purchase(2500, BUY_ED)
            self.purchase(1000, CASH)
            self.purchase(700, BUY_ED, spoil=True)
            self.unload(5000)
        self.logs()


def walk(data):
    """Tags and values of BER-TLV, templates flattened: enough for an FCI."""
    found, at = [], 0
    while at < len(data):
        tag = data[at : at + 1]
        if tag[0] & 0x1F == 0x1F:
            tag = data[at : at + 2]
        at += len(tag)
        length = data[at] if at < len(data) else 0
        at += 1
        if length == 0x81:
            length = data[at]
            at += 1
        value = data[at : at + length]
        if len(value) != length:
            raise Mismatch(f"TLV {text(tag)} claims {length} bytes, {len(value)} are there")
        at += length
        found.append((tag.hex().upper(), value))
        if tag[0] & 0x20:
            found += walk(value)
    return found


def measure(card, rounds, limit_ms):
    """Time of one GET BALANCE, seen from here.

    The packaged vpcd sends length and command apart, so a card that does not acknowledge each
    part at once needs 44 ms instead of a tenth of one.
    """
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        _, status = card.send("805C0002", le=4)
        taken.append(time.perf_counter() - start)
        if status != OK:
            raise Mismatch(f"GET BALANCE: status {status:04X}")
    taken.sort()
    total = sum(taken)
    middle, late = taken[rounds // 2], taken[min(rounds - 1, rounds * 99 // 100)]
    print(
        f"rate: {rounds / total:.0f} APDU/s over {rounds} exchanges, "
        f"median {middle * 1e6:.0f} us, p99 {late * 1e6:.0f} us"
    )
    if limit_ms is not None and middle * 1e3 > limit_ms:
        raise Mismatch(
            f"an exchange takes {middle * 1e3:.1f} ms, the limit is {limit_ms:g} ms: "
            "does the card re-arm TCP_QUICKACK before each read?"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--reader", required=True, help="part of the PC/SC reader's name")
    parser.add_argument("--profile-json", required=True, help="output of purse profile show P --json")
    parser.add_argument("--protocol", choices=["any", "t0", "t1"], default="any")
    parser.add_argument("--rate", type=int, default=0, metavar="N", help="then time N exchanges")
    parser.add_argument("--median-ms", type=float, metavar="MS", help="fail if half take longer")
    parser.add_argument("--trace", action="store_true", help="every APDU on stderr")
    options = parser.parse_args()
    checks = Checks()
    checks.count += des_sm4.self_check()
    try:
        with open(options.profile_json, encoding="utf-8") as file:
            profile = Profile(json.load(file))
        card = Card(options.reader, options.protocol, options.trace)
        print(f"{card.reader}: T={0 if card.t0 else 1}, ATR {text(card.atr)}, profile {profile.name}")
        Terminal(card, profile, checks).story()
        if options.rate:
            measure(card, options.rate, options.median_ms)
        card.close()
    except Mismatch as mismatch:
        print(f"MISMATCH after {checks.count} checks: {mismatch}", file=sys.stderr)
        return 1
    except (Trouble, OSError, KeyError, ValueError) as trouble:
        print(f"{type(trouble).__name__}: {trouble}", file=sys.stderr)
        return 2
    except (CardConnectionException, NoCardException) as lost:
        print(f"PC/SC: {lost}", file=sys.stderr)
        return 2
    print(f"OK {checks.count} checks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
