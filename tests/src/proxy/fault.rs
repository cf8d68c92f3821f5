//! The faults that the proxy can do to one request, and how they are drawn.

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
    /// Resets the connection when the head is there, if it is not the first request on it; else nothing.
    ResetReused,
    /// Reads the request and never answers, if it is not the first on its connection; the server does not get it. Else
    /// nothing.
    StallReused,
    /// Hands on the answer. From then on, every connection that is open now meets [`ResetReused`](Self::ResetReused).
    Retire,
    /// Hands on the answer with a body that ends with the connection, and closes it (FIN, below TLS after a
    /// close_notify).
    EndByClose,
    /// Hands on the answer with a body that ends with the connection, and resets it after this share of the body, which
    /// may be all of it.
    EndByReset(u16),
    /// The same, but ends the connection below the TLS stream alone, after all of the body; without TLS nothing.
    EndTorn,
    /// Hands on the answer and ends the TLS stream (close_notify), but keeps the connection open; without TLS nothing.
    CloseNotify,
    /// Answers with this status when the head is there, reads no more, and closes; the server does not get the request.
    /// If there is no body to come and no tunnel is asked for, nothing.
    Early(u16),
}

impl Fault {
    /// Their names, in the order of [`draw`](Self::draw).
    pub const NAMES: [&str; 25] = [
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
        "reset reused",
        "stall reused",
        "retire",
        "end by close",
        "end by reset",
        "end torn",
        "close notify",
        "early",
    ];

    /// The body of an [`Early`](Self::Early) answer.
    pub const EARLY: &str = "early";

    /// Draws one that is not none, all as likely. What is slow takes longer than `late`, what is idle or refused at
    /// most a few milliseconds.
    #[must_use]
    pub fn draw(random: &mut fastrand::Rng, late: Duration) -> Self {
        match random.u8(1..25) {
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
            16 => Self::Garbage(random.u64(..)),
            17 => Self::ResetReused,
            18 => Self::StallReused,
            19 => Self::Retire,
            20 => Self::EndByClose,
            21 => Self::EndByReset(random.u16(..)),
            22 => Self::EndTorn,
            23 => Self::CloseNotify,
            _ => Self::Early(if random.bool() { 503 } else { 413 }),
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
            Self::ResetReused => 17,
            Self::StallReused => 18,
            Self::Retire => 19,
            Self::EndByClose => 20,
            Self::EndByReset(_) => 21,
            Self::EndTorn => 22,
            Self::CloseNotify => 23,
            Self::Early(_) => 24,
        }]
    }

    /// Returns whether a client that nothing but the end of the connection moves would wait for ever, or long.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self, Self::Stall | Self::StallReused | Self::StallBody(_) | Self::Drip(_) | Self::Late(_))
    }

    /// Returns whether the server gets the request.
    #[must_use]
    pub const fn is_passed_on(&self) -> bool {
        !matches!(
            self,
            Self::ResetUnread
                | Self::ResetRead
                | Self::CloseRead
                | Self::CloseReused
                | Self::ResetReused
                | Self::StallReused
                | Self::Early(_)
        )
    }
}
