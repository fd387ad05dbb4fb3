//! So many bytes at once.

pub const count = 32;
pub const Lanes = @Vector(count, u8);

pub fn all(byte: u8) Lanes {
    return @splat(byte);
}

/// A bit for each.
pub fn bits(found: @Vector(count, bool)) u32 {
    return @bitCast(found);
}
