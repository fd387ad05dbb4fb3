//! What a text is: UTF-8 or not, how long, of which letters.

const std = @import("std");
const vector = @import("lanes.zig");
const Lanes = vector.Lanes;
const lanes = vector.count;
const all = vector.all;
const bits = vector.bits;

/// `characters`: code points; `symbols`: ASCII that is no letter, digit or white space; `has_run`: eight characters of
/// white space stand together; `may_be_apart`: there are characters that Unicode's composition (NFC) could change.
pub const Measure = struct {
    characters: i64 = 0,
    symbols: i64 = 0,
    spaces: i64 = 0,
    has_run: bool = false,
    is_ascii: bool = true,
    may_be_apart: bool = false,

    /// Null where the text is not UTF-8.
    pub fn of(text: []const u8) ?Measure {
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
pub fn denseOf(characters: i64, text: []const u8) i64 {
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
pub fn isTrimmed(text: []const u8) bool {
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

/// ASCII's white space.
pub fn isSpace(byte: u8) bool {
    return byte == ' ' or (byte >= '\t' and byte <= '\r');
}
