//! What the proxy does to one request, and how it is drawn.

use std::time::Duration;

/// Says what the proxy does to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the answer is handed on whole.
    None,
    /// Resets the connection when the head is there, and reads no more.
    ResetUnread,
    /// Resets it when the request was read; the server does not get it.
    ResetRead,
    /// Resets it when the server has answered.
    ResetAnswered,
    /// Closes it (FIN) instead of an answer; the server does not get the request.
    CloseRead,
    /// The same, if it is not the first request on its connection; else nothing.
    CloseReused,
    /// Hands on the answer, and closes the idle connection (FIN) this much later, whatever is on its way.
    CloseIdle(Duration),
    /// Hands on the answer and closes, and refuses new connections for this long.
    Refuse(Duration),
    /// Never answers, though the server does.
    Stall,
    /// Hands on the head and this share of the body, in 65,536ths, and then nothing.
    StallBody(u16),
    /// Hands on the answer a byte at a time, as fast as that goes.
    Trickle,
    /// A byte at a time, with this pause after each.
    Drip(Duration),
    /// Hands on the answer this much later.
    Late(Duration),
    /// Closes (FIN) after this share of the head.
    CutHead(u16),
    /// Closes (FIN) after the head and this share of the body.
    CutBody(u16),
    /// Resets after the head and this share of the body.
    ResetBody(u16),
    /// Sends what is not HTTP instead of a head, drawn from this seed, and closes (FIN).
    Garbage(u64),
}

impl Fault {
    /// Their names, in the order of [`draw`](Self::draw).
    pub const NAMES: [&str; 17] = [
        "none",
        "reset unread",
        "reset read",
        "reset answered",
        "close read",
        "close reused",
        "close idle",
        "refuse",
        "stall",
        "stall body",
        "trickle",
        "drip",
        "late",
        "cut head",
        "cut body",
        "reset body",
        "garbage",
    ];

    /// Draws one that is not none, all as likely. What is slow takes longer than `late`, what is idle or refused at
    /// most a few milliseconds.
    #[must_use]
    pub fn draw(random: &mut fastrand::Rng, late: Duration) -> Self {
        match random.u8(1..17) {
            1 => Self::ResetUnread,
            2 => Self::ResetRead,
            3 => Self::ResetAnswered,
            4 => Self::CloseRead,
            5 => Self::CloseReused,
            6 => Self::CloseIdle(Duration::from_micros(random.u64(..2_000))),
            7 => Self::Refuse(Duration::from_micros(random.u64(..3_000))),
            8 => Self::Stall,
            9 => Self::StallBody(random.u16(..)),
            10 => Self::Trickle,
            // A head has more than 32 bytes.
            11 => Self::Drip(late / 32),
            12 => Self::Late(late + late / 4),
            13 => Self::CutHead(random.u16(..)),
            14 => Self::CutBody(random.u16(..)),
            15 => Self::ResetBody(random.u16(..)),
            _ => Self::Garbage(random.u64(..)),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::None => 0,
            Self::ResetUnread => 1,
            Self::ResetRead => 2,
            Self::ResetAnswered => 3,
            Self::CloseRead => 4,
            Self::CloseReused => 5,
            Self::CloseIdle(_) => 6,
            Self::Refuse(_) => 7,
            Self::Stall => 8,
            Self::StallBody(_) => 9,
            Self::Trickle => 10,
            Self::Drip(_) => 11,
            Self::Late(_) => 12,
            Self::CutHead(_) => 13,
            Self::CutBody(_) => 14,
            Self::ResetBody(_) => 15,
            Self::Garbage(_) => 16,
        }]
    }

    /// Returns whether a client that nothing but the end of the connection moves would wait for ever, or long.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self, Self::Stall | Self::StallBody(_) | Self::Drip(_) | Self::Late(_))
    }

    /// Returns whether the server gets the request.
    #[must_use]
    pub const fn is_passed_on(&self) -> bool {
        !matches!(self, Self::ResetUnread | Self::ResetRead | Self::CloseRead | Self::CloseReused)
    }
}
