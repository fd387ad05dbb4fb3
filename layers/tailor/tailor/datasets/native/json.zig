//! JSON of conversations that hold nothing but texts: read without a copy, and written as tailor.datasets.records does.

const std = @import("std");
const vector = @import("lanes.zig");
const Lanes = vector.Lanes;
const lanes = vector.count;
const all = vector.all;
const bits = vector.bits;
const texts = @import("texts.zig");

const most_turns = 256;

/// A string in the line: its content, which ends before the quotation mark.
pub const Span = struct { start: usize, end: usize, escapes: bool };

/// How a line holds its texts: as Bedrock's Converse, or as OpenAI's chat.
pub const Shape = enum(u8) { converse, chat };

pub const Record = struct {
    system: ?Span = null,
    spans: [most_turns]Span = undefined,
    count: usize = 0,

    pub fn turns(self: *const Record) []const Span {
        return self.spans[0..self.count];
    }

    /// False where the line holds anything else, no turn, or the same key twice.
    pub fn read(self: *Record, raw: []const u8, shape: Shape) bool {
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
        return version and self.count > 0 and cursor.at == raw.len;
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

pub const Writer = struct {
    buffer: []u8,
    at: usize = 0,

    pub fn put(self: *Writer, bytes: []const u8) void {
        @memcpy(self.buffer[self.at..][0..bytes.len], bytes);
        self.at += bytes.len;
    }

    /// The text of a string. False where it holds controls or half a character, is empty, or has white space around it.
    pub fn unescaped(self: *Writer, raw: []const u8, span: Span) bool {
        const start = self.at;
        const content = raw[span.start..span.end];
        if (!span.escapes) {
            self.put(content);
            return texts.isTrimmed(content);
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
        return texts.isTrimmed(self.buffer[start..self.at]);
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
    pub fn escaped(self: *Writer, raw: []const u8, span: Span) void {
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
