//! The usual row at the speed of memory: a line of JSON that holds a conversation of nothing but texts.
//!
//! `take` reads many lines, notes of each what tailor.datasets.ledger keeps of a row, and writes its record as it will be
//! written. It claims no line that it is not sure of: those are left to Python, which explains what is wrong with them.
//! The tests hold that both ways end in the same bytes. All memory is the caller's; every access is checked.

const std = @import("std");
pub const panic = std.debug.simple_panic;
const XxHash64 = std.hash.XxHash64;

/// Tells callers of another version apart.
export fn layout() u64 {
    return @as(u64, @sizeOf(Split)) << 32 | @sizeOf(Settings) << 16 | @sizeOf(Take);
}

// ---------------------------------------------------------------------------------------------------------------- lines

const Split = extern struct {
    block: [*]const u8,
    length: usize,
    line: i64,
    room: usize,
    starts: [*]i64,
    ends: [*]i64,
    numbers: [*]i64,
    blanks: [*]i64,
    rows: usize,
    blank: usize,
    used: usize,
};

/// Finds at most `room` lines from `used` on. `line` is the number of the line before. Lines of white space alone go to
/// `blanks` by their numbers, the others are the `rows`, with their ends.
export fn split(work: *Split) void {
    const block = work.block[0..work.length];
    work.rows = 0;
    work.blank = 0;
    while (work.used < block.len and work.rows + work.blank < work.room) {
        const start = work.used;
        const end = if (std.mem.indexOfScalarPos(u8, block, start, '\n')) |at| at + 1 else block.len;
        work.used = end;
        work.line += 1;
        if (isBlank(block[start..end])) {
            work.blanks[work.blank] = work.line;
            work.blank += 1;
        } else {
            work.starts[work.rows] = @intCast(start);
            work.ends[work.rows] = @intCast(end);
            work.numbers[work.rows] = work.line;
            work.rows += 1;
        }
    }
}

fn isBlank(line: []const u8) bool {
    for (line) |byte| {
        if (!isSpace(byte)) return false;
    }
    return true;
}

fn isSpace(byte: u8) bool {
    return byte == ' ' or (byte >= '\t' and byte <= '\r');
}

/// 63-bit hashes of each line of a block from `used` on, with its line break. Returns how many, at most `room`.
export fn seals(block: [*]const u8, length: usize, used: *usize, hashes: [*]i64, room: usize) usize {
    const bytes = block[0..length];
    var count: usize = 0;
    while (used.* < bytes.len and count < room) : (count += 1) {
        const end = if (std.mem.indexOfScalarPos(u8, bytes, used.*, '\n')) |found| found + 1 else bytes.len;
        hashes[count] = hashOf(bytes[used.*..end]);
        used.* = end;
    }
    return count;
}

/// Copies the records that the mask marks, one behind the other. Returns their bytes.
export fn gather(records: [*]const u8, length: usize, sizes: [*]align(1) const i32, mask: [*]const u8, count: usize, into: [*]u8) usize {
    const bytes = records[0..length];
    var at: usize = 0;
    var put: usize = 0;
    for (sizes[0..count], mask[0..count]) |size, marked| {
        const end = at + @as(usize, @intCast(size));
        if (marked != 0) {
            @memcpy(into[put .. put + end - at], bytes[at..end]);
            put += end - at;
        }
        at = end;
    }
    return put;
}

fn hashOf(bytes: []const u8) i64 {
    return @bitCast(XxHash64.hash(0, bytes) >> 1);
}

// ----------------------------------------------------------------------------------------------------------------- rows

const Settings = extern struct {
    /// The system text of rows without one, as text and as it stands in JSON; empty for none.
    system: [*]const u8,
    system_length: usize,
    system_json: [*]const u8,
    system_json_length: usize,
    /// Rows must end in an answer.
    answered: u8,
    /// Longest record without its line break, 0 for any; most tokens.
    line_bytes: i64,
    context_tokens: i64,
    /// Characters a token.
    characters_low: f64,
    characters_expected: f64,
    characters_high: f64,
    /// An answer with fewer characters is not told by its language alone, a shorter one is finished by the caller.
    long_enough: i64,
    short_answer: i64,
    /// Indexes of languages. A text of ASCII is English with so many letters among its first ones; another is Vietnamese
    /// where one of its first `enough` characters is in `letters`, a bit for each code point.
    unknown: i8,
    english: i8,
    vietnamese: i8,
    least_letters: usize,
    enough: usize,
    letters: [*]const u8,
    letters_length: usize,
    /// The index of the kind "long".
    long_kind: i32,
};

/// The columns of tailor.datasets.ledger.Row, from the first of these rows on.
const Columns = extern struct {
    n: [*]align(1) i64,
    file: [*]align(1) i32,
    line: [*]align(1) i64,
    size: [*]align(1) i32,
    part: [*]align(1) i8,
    grp: [*]align(1) i64,
    input: [*]align(1) i64,
    question: [*]align(1) i64,
    answer: [*]align(1) i64,
    kind: [*]align(1) i32,
    language: [*]align(1) i8,
    media: [*]align(1) i8,
    words: [*]align(1) i32,
    asked: [*]align(1) i32,
    low: [*]align(1) i32,
    expected: [*]align(1) i32,
    high: [*]align(1) i32,
    seal: [*]align(1) i64,
};

const unread: u8 = 0;
const ready: u8 = 1;
const unfinished: u8 = 2;

const Take = extern struct {
    settings: *const Settings,
    columns: Columns,
    block: [*]const u8,
    length: usize,
    starts: [*]const i64,
    ends: [*]const i64,
    numbers: [*]const i64,
    count: usize,
    n: i64,
    file: i32,
    part: i8,
    shape: Shape,
    /// Of each row: its state; where its texts end in `texts`, behind a full stop; where its answer starts; where its
    /// record ends in `records`; whether its letters may be apart from their marks.
    states: [*]u8,
    doubtful: [*]u8,
    text_ends: [*]i64,
    answer_starts: [*]i64,
    record_ends: [*]i64,
    texts: [*]u8,
    texts_room: usize,
    records: [*]u8,
    records_room: usize,
    text_bytes: usize,
    record_bytes: usize,
    unread: usize,
    unfinished: usize,
    doubtful_rows: usize,
};

export fn take(work: *Take) void {
    const block = work.block[0..work.length];
    var texts = Writer{ .buffer = work.texts[0..work.texts_room] };
    var records = Writer{ .buffer = work.records[0..work.records_room] };
    work.unread = 0;
    work.unfinished = 0;
    work.doubtful_rows = 0;
    var record = Record{};
    for (0..work.count) |row| {
        const raw = block[@intCast(work.starts[row])..@intCast(work.ends[row])];
        const text_start = texts.at;
        const record_start = records.at;
        const state = note(work, row, raw, &record, &texts, &records) orelse left: {
            texts.at = text_start;
            records.at = record_start;
            work.answer_starts[row] = @intCast(text_start);
            break :left unread;
        };
        work.states[row] = state;
        work.text_ends[row] = @intCast(texts.at);
        work.record_ends[row] = @intCast(records.at);
        work.unread += @intFromBool(state == unread);
        work.unfinished += @intFromBool(state == unfinished);
    }
    work.text_bytes = texts.at;
    work.record_bytes = records.at;
}

/// Null for a row that needs a closer look.
fn note(work: *Take, row: usize, raw: []const u8, record: *Record, texts: *Writer, records: *Writer) ?u8 {
    const settings = work.settings;
    const given = settings.system[0..settings.system_length];
    if (!record.read(raw, work.shape)) return null;
    const turns = record.turns();
    const is_answered = turns.len % 2 == 0;
    if (turns.len == 0 or (settings.answered != 0 and !is_answered)) return null;

    // The texts, the answer last.
    const text_start = texts.at;
    var answer_start = text_start;
    if (record.system) |span| {
        if (!texts.unescaped(raw, span)) return null;
    } else {
        texts.put(given);
    }
    for (turns) |span| {
        texts.put("\n");
        answer_start = texts.at;
        if (!texts.unescaped(raw, span)) return null;
    }
    if (!is_answered) {
        texts.put("\n");
        answer_start = texts.at;
    }
    const question = texts.buffer[text_start .. answer_start - 1];
    const answer = texts.buffer[answer_start..texts.at];
    texts.put(".");

    // The record. Where it is not what was read, it must be read as well.
    const record_start = records.at;
    records.put("{\"schemaVersion\":\"bedrock-conversation-2024\",");
    if (record.system != null or given.len > 0) {
        records.put("\"system\":[{\"text\":\"");
        if (record.system) |span| records.escaped(raw, span) else records.put(settings.system_json[0..settings.system_json_length]);
        records.put("\"}],");
    }
    records.put("\"messages\":[");
    for (turns, 0..) |span, place| {
        if (place > 0) records.put(",");
        records.put(if (place % 2 == 0) "{\"role\":\"user\",\"content\":[{\"text\":\"" else "{\"role\":\"assistant\",\"content\":[{\"text\":\"");
        records.escaped(raw, span);
        records.put("\"}]}");
    }
    records.put("]}\n");
    const line = records.buffer[record_start..records.at];
    const count = turns.len;
    if (!std.mem.eql(u8, line, raw) and !(record.read(line, .converse) and record.count == count)) return null;

    // Its size, and whether its texts are UTF-8: there is nothing else in the line that is not ASCII.
    const before = Measure.of(question) orelse return null;
    const last = Measure.of(answer) orelse return null;
    const characters = before.characters + last.characters;
    const dense = if (before.has_run or last.has_run) denseOf(characters, texts.buffer[text_start .. texts.at - 1]) else characters;
    const low: i64 = @max(0, whole(dense, settings.characters_low));
    const high: i64 = whole(characters + 1, settings.characters_high) + before.symbols + last.symbols + 1;
    if (low > settings.context_tokens or high > settings.context_tokens) return null;
    if (settings.line_bytes != 0 and line.len - 1 > settings.line_bytes) return null;

    const columns = &work.columns;
    const same = hashOf(question);
    const input = if (count <= 2) same else hashWithTurns(question, count);
    columns.n[row] = work.n + @as(i64, @intCast(row));
    columns.file[row] = work.file;
    columns.line[row] = work.numbers[row];
    columns.size[row] = std.math.cast(i32, line.len) orelse return null;
    columns.part[row] = work.part;
    columns.grp[row] = input;
    columns.input[row] = input;
    columns.question[row] = same;
    columns.media[row] = 0;
    columns.asked[row] = std.math.cast(i32, @max(0, low - (whole(last.characters, settings.characters_low) + 1))) orelse return null;
    columns.low[row] = std.math.cast(i32, low) orelse return null;
    columns.expected[row] = std.math.cast(i32, @min(@max(low, whole(characters, settings.characters_expected)), high)) orelse return null;
    columns.high[row] = std.math.cast(i32, high) orelse return null;
    columns.seal[row] = hashOf(line);
    work.answer_starts[row] = @intCast(answer_start);
    work.doubtful[row] = @intFromBool(before.may_be_apart or last.may_be_apart);
    work.doubtful_rows += work.doubtful[row];
    if (last.characters < settings.short_answer) return unfinished;
    const spoken = if (last.characters >= settings.long_enough)
        languageOf(settings, answer, last.is_ascii)
    else
        languageOf(settings, question, before.is_ascii);
    columns.language[row] = spoken orelse return unfinished;
    columns.answer[row] = hashOf(answer);
    columns.kind[row] = settings.long_kind;
    columns.words[row] = std.math.cast(i32, last.spaces + 1) orelse return null;
    return ready;
}

/// As Python's int(a / b).
fn whole(characters: i64, a_token: f64) i64 {
    return @trunc(@as(f64, @floatFromInt(characters)) / a_token);
}

fn hashWithTurns(question: []const u8, turns: usize) i64 {
    var hash = XxHash64.init(0);
    var size: [4]u8 = undefined;
    std.mem.writeInt(u32, &size, @intCast(question.len), .big);
    hash.update(&size);
    hash.update(question);
    std.mem.writeInt(u32, &size, 4, .big);
    hash.update(&size);
    std.mem.writeInt(u32, &size, @intCast(turns), .big);
    hash.update(&size);
    return @bitCast(hash.final() >> 1);
}

/// Null for languages that are told by more than this knows.
fn languageOf(settings: *const Settings, text: []const u8, is_ascii: bool) ?i8 {
    if (is_ascii) {
        var letters: usize = 0;
        for (text[0..@min(text.len, 2 * settings.least_letters)]) |byte| letters += @intFromBool(std.ascii.isAlphabetic(byte));
        return if (letters >= settings.least_letters) settings.english else settings.unknown;
    }
    const known = settings.letters[0..settings.letters_length];
    var at: usize = 0;
    var characters: usize = 0;
    while (at < text.len and characters < settings.enough) : (characters += 1) {
        const length = std.unicode.utf8ByteSequenceLength(text[at]) catch return null;
        if (length > 1) {
            const code = std.unicode.utf8Decode(text[at..@min(text.len, at + length)]) catch return null;
            if (code / 8 < known.len and known[code / 8] >> @intCast(code % 8) & 1 == 1) return settings.vietnamese;
        }
        at += length;
    }
    return null;
}

// ----------------------------------------------------------------------------------------------------------------- JSON

const most_turns = 256;

/// A string in the line: its content, which ends before the quotation mark.
const Span = struct { start: usize, end: usize, escapes: bool };

/// How a line holds its texts: as Bedrock's Converse, or as OpenAI's chat.
const Shape = enum(u8) { converse, chat };

const Record = struct {
    system: ?Span = null,
    spans: [most_turns]Span = undefined,
    count: usize = 0,

    fn turns(self: *const Record) []const Span {
        return self.spans[0..self.count];
    }

    /// False where the line holds anything else, or the same key twice.
    fn read(self: *Record, raw: []const u8, shape: Shape) bool {
        self.system = null;
        self.count = 0;
        var cursor = Cursor{ .raw = raw };
        var version = shape == .chat;
        if (!cursor.takes('{')) return false;
        while (true) {
            const key = cursor.key() orelse return false;
            if (std.mem.eql(u8, key, "messages") and self.count == 0) {
                if (!self.readTurns(&cursor, shape)) return false;
            } else if (std.mem.eql(u8, key, "schemaVersion") and !version) {
                version = true;
                if (!std.mem.eql(u8, cursor.word() orelse return false, "bedrock-conversation-2024")) return false;
            } else if (std.mem.eql(u8, key, "system") and shape == .converse and self.system == null) {
                self.system = cursor.content() orelse return false;
            } else return false;
            if (cursor.takes('}')) break;
            if (!cursor.takes(',')) return false;
        }
        cursor.skip();
        return version and cursor.at == raw.len;
    }

    fn readTurns(self: *Record, cursor: *Cursor, shape: Shape) bool {
        if (!cursor.takes('[')) return false;
        while (self.count < most_turns) {
            const message = Message.read(cursor, shape) orelse return false;
            if (shape == .chat and self.count == 0 and self.system == null and std.mem.eql(u8, message.role, "system")) {
                self.system = message.content;
            } else {
                if (!std.mem.eql(u8, message.role, if (self.count % 2 == 0) "user" else "assistant")) return false;
                self.spans[self.count] = message.content;
                self.count += 1;
            }
            if (cursor.takes(']')) return self.count > 0;
            if (!cursor.takes(',')) return false;
        }
        return false;
    }
};

const Message = struct {
    role: []const u8,
    content: Span,

    fn read(cursor: *Cursor, shape: Shape) ?Message {
        var role: ?[]const u8 = null;
        var content: ?Span = null;
        if (!cursor.takes('{')) return null;
        while (true) {
            const key = cursor.key() orelse return null;
            if (std.mem.eql(u8, key, "role") and role == null) {
                role = cursor.word() orelse return null;
            } else if (std.mem.eql(u8, key, "content") and content == null) {
                content = if (shape == .chat) cursor.string() else cursor.content();
                if (content == null) return null;
            } else return null;
            if (cursor.takes('}')) break;
            if (!cursor.takes(',')) return null;
        }
        return .{ .role = role orelse return null, .content = content orelse return null };
    }
};

const Cursor = struct {
    raw: []const u8,
    at: usize = 0,

    fn skip(self: *Cursor) void {
        while (self.at < self.raw.len) : (self.at += 1) {
            switch (self.raw[self.at]) {
                ' ', '\t', '\r', '\n' => {},
                else => return,
            }
        }
    }

    fn takes(self: *Cursor, byte: u8) bool {
        self.skip();
        if (self.at >= self.raw.len or self.raw[self.at] != byte) return false;
        self.at += 1;
        return true;
    }

    fn string(self: *Cursor) ?Span {
        if (!self.takes('"')) return null;
        const start = self.at;
        var escapes = false;
        while (stop(self.raw, self.at)) |at| {
            switch (self.raw[at]) {
                '"' => {
                    self.at = at + 1;
                    return .{ .start = start, .end = at, .escapes = escapes };
                },
                '\\' => {
                    escapes = true;
                    self.at = at + 2;
                },
                else => return null,
            }
        }
        return null;
    }

    /// A string as it stands there.
    fn word(self: *Cursor) ?[]const u8 {
        const span = self.string() orelse return null;
        return self.raw[span.start..span.end];
    }

    fn key(self: *Cursor) ?[]const u8 {
        const name = self.word() orelse return null;
        return if (self.takes(':')) name else null;
    }

    /// The one text of `[{"text": "…"}]`.
    fn content(self: *Cursor) ?Span {
        if (!self.takes('[') or !self.takes('{')) return null;
        if (!std.mem.eql(u8, self.key() orelse return null, "text")) return null;
        const span = self.string() orelse return null;
        return if (self.takes('}') and self.takes(']')) span else null;
    }
};

/// The next quotation mark, backslash or control character.
fn stop(raw: []const u8, from: usize) ?usize {
    var at = from;
    while (at + lanes <= raw.len) : (at += lanes) {
        const some: Lanes = raw[at..][0..lanes].*;
        const found = bits(some == all('"')) | bits(some == all('\\')) | bits(some < all(' '));
        if (found != 0) return at + @ctz(found);
    }
    while (at < raw.len) : (at += 1) {
        if (raw[at] == '"' or raw[at] == '\\' or raw[at] < ' ') return at;
    }
    return null;
}

const Writer = struct {
    buffer: []u8,
    at: usize = 0,

    fn put(self: *Writer, bytes: []const u8) void {
        @memcpy(self.buffer[self.at..][0..bytes.len], bytes);
        self.at += bytes.len;
    }

    /// The text of a string. False where it holds controls or half a character, is empty, or has white space around it.
    fn unescaped(self: *Writer, raw: []const u8, span: Span) bool {
        const start = self.at;
        const content = raw[span.start..span.end];
        if (!span.escapes) {
            self.put(content);
            return isTrimmed(content);
        }
        var at: usize = 0;
        while (std.mem.indexOfScalarPos(u8, content, at, '\\')) |backslash| {
            self.put(content[at..backslash]);
            at = backslash + 2;
            if (at > content.len) return false;
            const one: u8 = switch (content[backslash + 1]) {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '"', '\\', '/' => |same| same,
                'u' => {
                    at = self.unicode(content, backslash) orelse return false;
                    continue;
                },
                else => return false,
            };
            self.put(&.{one});
        }
        self.put(content[at..]);
        return isTrimmed(self.buffer[start..self.at]);
    }

    /// The character of `\u…`, or of two that are halves. Gives the place behind.
    fn unicode(self: *Writer, content: []const u8, backslash: usize) ?usize {
        var code: u21 = hex(content, backslash) orelse return null;
        var after = backslash + 6;
        if (code >= 0xd800 and code < 0xdc00) {
            if (after + 1 >= content.len or content[after] != '\\' or content[after + 1] != 'u') return null;
            const other = hex(content, after) orelse return null;
            if (other < 0xdc00 or other > 0xdfff) return null;
            code = 0x10000 + ((code - 0xd800) << 10) + (other - 0xdc00);
            after += 6;
        }
        if (code < 0x20) return null;
        var bytes: [4]u8 = undefined;
        const length = std.unicode.utf8Encode(code, &bytes) catch return null;
        self.put(bytes[0..length]);
        return after;
    }

    /// The content of a string with no escapes but those that have to be.
    fn escaped(self: *Writer, raw: []const u8, span: Span) void {
        const content = raw[span.start..span.end];
        if (!span.escapes or isShort(content)) return self.put(content);
        const start = self.at;
        // What is written for an escape is never longer than the escape, so the text fits before it is escaped again.
        var at: usize = 0;
        while (std.mem.indexOfScalarPos(u8, content, at, '\\')) |backslash| {
            self.put(content[at..backslash]);
            at = backslash + 2;
            switch (content[backslash + 1]) {
                '/' => self.put("/"),
                'u' => {
                    const place = self.at;
                    at = self.unicode(content, backslash) orelse unreachable;
                    const byte = self.buffer[place];
                    if (byte == '"' or byte == '\\') {
                        self.at = place;
                        self.put(&.{ '\\', byte });
                    }
                },
                else => self.put(content[backslash..at]),
            }
        }
        self.put(content[at..]);
        std.debug.assert(self.at - start <= content.len);
    }
};

/// All its escapes are the shortest.
fn isShort(content: []const u8) bool {
    var at: usize = 0;
    while (std.mem.indexOfScalarPos(u8, content, at, '\\')) |backslash| : (at = backslash + 2) {
        if (content[backslash + 1] == 'u' or content[backslash + 1] == '/') return false;
    }
    return true;
}

fn hex(content: []const u8, backslash: usize) ?u21 {
    if (backslash + 6 > content.len) return null;
    var code: u21 = 0;
    for (content[backslash + 2 ..][0..4]) |digit| {
        code = code << 4 | (std.fmt.charToDigit(digit, 16) catch return null);
    }
    return code;
}

// ---------------------------------------------------------------------------------------------------------------- texts

const lanes = 32;
const Lanes = @Vector(lanes, u8);

fn all(byte: u8) Lanes {
    return @splat(byte);
}

fn bits(found: @Vector(lanes, bool)) u32 {
    return @bitCast(found);
}

/// `characters`: code points; `symbols`: ASCII that is no letter, digit or white space; `has_run`: eight characters of
/// white space stand together; `may_be_apart`: there are characters that Unicode's composition (NFC) could change.
const Measure = struct {
    characters: i64 = 0,
    symbols: i64 = 0,
    spaces: i64 = 0,
    has_run: bool = false,
    is_ascii: bool = true,
    may_be_apart: bool = false,

    /// Null where the text is not UTF-8.
    fn of(text: []const u8) ?Measure {
        var found = Measure{};
        var utf8 = Utf8{};
        var run: u64 = 0;
        var at: usize = 0;
        while (at < text.len) : (at += lanes) {
            const some, const there = window(text, at);
            const lower = some | all(0x20);
            const letters = bits(lower -% all('a') < all(26));
            const digits = bits(some -% all('0') < all(10));
            const space = bits(some == all(' ')) & there;
            const white = (bits(some -% all('\t') < all(5)) & there) | space;
            const ascii = bits(some < all(0x80));
            found.characters += @popCount(there & ~bits(some & all(0xc0) == all(0x80)));
            found.symbols += @popCount(ascii & there & ~(letters | digits | white));
            found.spaces += @popCount(space);
            run = run >> lanes | @as(u64, white) << 7;
            const four = run & run >> 1 & (run >> 2) & (run >> 3);
            if (four & (four >> 4) != 0) found.has_run = true;
            if (~ascii != 0) {
                found.is_ascii = false;
                if (!utf8.takes(some)) return null;
            } else if (utf8.expected != 0) return null;
        }
        if (utf8.expected != 0) return null;
        found.may_be_apart = utf8.may_be_apart;
        return found;
    }

    /// So many bytes from a place on, and which of them are of the text.
    fn window(text: []const u8, at: usize) struct { Lanes, u32 } {
        if (at + lanes <= text.len) return .{ text[at..][0..lanes].*, ~@as(u32, 0) };
        var some: [lanes]u8 = @splat(0);
        const rest = text[at..];
        @memcpy(some[0..rest.len], rest);
        return .{ some, (@as(u32, 1) << @intCast(rest.len)) - 1 };
    }
};

/// A text's bytes beyond ASCII, so many at a time.
const Utf8 = struct {
    /// Where the next bytes must be those that go on, a bit for each; and where what they may be depends on those before.
    expected: u32 = 0,
    e1: u32 = 0,
    others: [6]u32 = @splat(0),
    may_be_apart: bool = false,

    /// False where they are not UTF-8.
    fn takes(self: *Utf8, some: Lanes) bool {
        const lead = bits(some >= all(0xc0));
        const e1 = bits(some == all(0xe1));
        // Other than two bytes of Latin letters, and those that begin with E1.
        const unusual = bits(some >= all(0xe2)) | bits(some -% all(0xcc) < all(21)) | bits(some & all(0xfe) == all(0xc0));
        const is_usual = unusual == 0 and @reduce(.Or, @as(@Vector(6, u32), self.others)) == 0;
        const three = if (is_usual) e1 else bits(some & all(0xf0) == all(0xe0));
        const four = if (is_usual) 0 else bits(some >= all(0xf0));
        const expected = @as(u64, self.expected) | @as(u64, lead) << 1 | @as(u64, three | four) << 2 | @as(u64, four) << 3;
        if (expected & 0xffffffff != bits(some & all(0xc0) == all(0x80))) return false;
        self.expected = @intCast(expected >> lanes);
        // Composition leaves Vietnamese's own letters alone, E1 B8 to E1 BC, but not Greek's and others.
        if (after(e1, &self.e1) & ~bits(some -% all(0xb8) < all(5)) != 0) self.may_be_apart = true;
        return is_usual or self.takesUnusual(some);
    }

    fn takesUnusual(self: *Utf8, some: Lanes) bool {
        const others = &self.others;
        if (bits(some >= all(0xf5)) | bits(some & all(0xfe) == all(0xc0)) != 0) return false;
        // Longer than need be; halves of characters; beyond the last one.
        const wrong = (after(bits(some == all(0xe0)), &others[0]) & bits(some < all(0xa0))) |
            (after(bits(some == all(0xed)), &others[1]) & bits(some >= all(0xa0))) |
            (after(bits(some == all(0xf0)), &others[2]) & bits(some < all(0x90))) |
            (after(bits(some == all(0xf4)), &others[3]) & bits(some >= all(0x90)));
        if (wrong != 0) return false;
        // All but Latin and Cyrillic letters, punctuation, and Chinese characters that composition leaves alone.
        const apart = bits(some -% all(0xcc) < all(3)) | bits(some == all(0xd2)) | bits(some -% all(0xd6) < all(11)) |
            bits(some == all(0xe3)) | bits(some == all(0xea)) | bits(some >= all(0xef));
        const behind = after(bits(some == all(0xe2)), &others[4]);
        const third = after(behind & bits(some == all(0x80)), &others[5]) & bits(some < all(0x82));
        if (apart | (behind & bits(some >= all(0x83))) | third != 0) self.may_be_apart = true;
        return true;
    }

    /// The bits of the bytes that follow.
    fn after(found: u32, carried: *u32) u32 {
        defer carried.* = found >> (lanes - 1);
        return found << 1 | carried.*;
    }
};

/// Characters when each run of white space is one, and none is at the ends.
fn denseOf(characters: i64, text: []const u8) i64 {
    var words: i64 = 0;
    var inked: i64 = 0;
    var in_word = false;
    for (text) |byte| {
        const is_space = isSpace(byte);
        if (!is_space and !in_word) words += 1;
        inked += @intFromBool(!is_space);
        in_word = !is_space;
    }
    return characters - @as(i64, @intCast(text.len)) + inked + @max(0, words - 1);
}

/// Not empty, and no white space of Unicode at its ends. The text need not be UTF-8.
fn isTrimmed(text: []const u8) bool {
    if (text.len == 0) return false;
    var last = text.len - 1;
    while (last > 0 and text[last] & 0xc0 == 0x80) last -= 1;
    return !startsWhite(text) and !startsWhite(text[last..]);
}

/// Begins with what Python's str.strip takes away.
fn startsWhite(text: []const u8) bool {
    return switch (text[0]) {
        0x09...0x0d, 0x1c...0x20 => true,
        0xc2 => text.len > 1 and (text[1] == 0x85 or text[1] == 0xa0),
        0xe1 => std.mem.startsWith(u8, text, "\u{1680}"),
        0xe2 => text.len > 2 and switch (text[1]) {
            0x80 => switch (text[2]) {
                0x80...0x8a, 0xa8, 0xa9, 0xaf => true,
                else => false,
            },
            0x81 => text[2] == 0x9f,
            else => false,
        },
        0xe3 => std.mem.startsWith(u8, text, "\u{3000}"),
        else => false,
    };
}
