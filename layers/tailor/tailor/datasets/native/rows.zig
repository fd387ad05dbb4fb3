//! The usual row at the speed of memory: a line of JSON that holds a conversation of nothing but texts.
//!
//! `take` reads many lines, notes of each what tailor.datasets.ledger keeps of a row, and writes its record as it will be
//! written. It claims no line that it is not sure of: those are left to Python, which explains what is wrong with them.
//! The tests hold that both ways end in the same bytes. All memory is the caller's; every access is checked.

const std = @import("std");
pub const panic = std.debug.simple_panic;
const XxHash64 = std.hash.XxHash64;
const Record = @import("json.zig").Record;
const Shape = @import("json.zig").Shape;
const Writer = @import("json.zig").Writer;
const Measure = @import("texts.zig").Measure;
const denseOf = @import("texts.zig").denseOf;
const isSpace = @import("texts.zig").isSpace;

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
    if (!record.read(raw, work.shape)) return null;
    const turns = record.turns().len;
    if (settings.answered != 0 and turns % 2 == 1) return null;
    const start = texts.at;
    const answer_start = copyTexts(settings, record, raw, texts) orelse return null;
    const question = texts.buffer[start .. answer_start - 1];
    const answer = texts.buffer[answer_start..texts.at];
    texts.put(".");
    const line = writeRecord(settings, record, raw, records);
    // What is not as it was read must be readable, too.
    if (!std.mem.eql(u8, line, raw) and !(record.read(line, .converse) and record.turns().len == turns)) return null;

    // Its size, and whether its texts are UTF-8: there is nothing else in the line that is not ASCII.
    const before = Measure.of(question) orelse return null;
    const last = Measure.of(answer) orelse return null;
    const characters = before.characters + last.characters;
    const dense = if (before.has_run or last.has_run) denseOf(characters, texts.buffer[start .. texts.at - 1]) else characters;
    const low: i64 = @max(0, whole(dense, settings.characters_low));
    const high: i64 = whole(characters + 1, settings.characters_high) + before.symbols + last.symbols + 1;
    if (low > settings.context_tokens or high > settings.context_tokens) return null;
    if (settings.line_bytes != 0 and line.len - 1 > settings.line_bytes) return null;

    const columns = &work.columns;
    const same = hashOf(question);
    const input = if (turns <= 2) same else hashWithTurns(question, turns);
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

/// The system text and those of the turns, a line break between them. Gives the place of the answer, which is the last
/// where the model has the last turn, else empty.
fn copyTexts(settings: *const Settings, record: *const Record, raw: []const u8, texts: *Writer) ?usize {
    if (record.system) |span| {
        if (!texts.unescaped(raw, span)) return null;
    } else {
        texts.put(settings.system[0..settings.system_length]);
    }
    var last = texts.at;
    for (record.turns()) |span| {
        texts.put("\n");
        last = texts.at;
        if (!texts.unescaped(raw, span)) return null;
    }
    if (record.turns().len % 2 == 0) return last;
    texts.put("\n");
    return texts.at;
}

fn writeRecord(settings: *const Settings, record: *const Record, raw: []const u8, records: *Writer) []const u8 {
    const start = records.at;
    records.put("{\"schemaVersion\":\"bedrock-conversation-2024\",");
    if (record.system != null or settings.system_length > 0) {
        records.put("\"system\":[{\"text\":\"");
        if (record.system) |span| records.escaped(raw, span) else records.put(settings.system_json[0..settings.system_json_length]);
        records.put("\"}],");
    }
    records.put("\"messages\":[");
    for (record.turns(), 0..) |span, place| {
        if (place > 0) records.put(",");
        records.put(if (place % 2 == 0) "{\"role\":\"user\",\"content\":[{\"text\":\"" else "{\"role\":\"assistant\",\"content\":[{\"text\":\"");
        records.escaped(raw, span);
        records.put("\"}]}");
    }
    records.put("]}\n");
    return records.buffer[start..records.at];
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
