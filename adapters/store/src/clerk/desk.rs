//! What the thread does: gathers, writes, answers, hands out.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Clocked};

use insist_core::Instant;

use super::{Message, Post};
use crate::backend::{Clock, Connection, Transaction};
use crate::crew::Claimed;
use crate::error::StoreError;
use crate::new_call::NewCall;
use crate::ticket::{Enqueued, Reply};

/// Sets how often it looks whether another process has changed anything.
const POLL: Duration = Duration::from_millis(20);
/// Sets how often workers note that they are alive.
const ALIVE: Duration = Duration::from_secs(30);
/// The most calls that are enqueued in one transaction.
const GATHERED: usize = 1_000;
/// The longest pause after the store failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Desk {
    connection: Box<dyn Connection>,
    clock: Clock,
    inbox: Receiver<Message>,
    posts: Vec<Post>,
    /// Calls to be enqueued, and how many of them, in their order, each reply is about.
    new: Vec<NewCall>,
    replies: Vec<(usize, Reply)>,
    /// Says whether calls may be due that have not been looked for.
    may_be_due: bool,
    /// The next instant at which one is.
    next_due: Option<Instant>,
    transaction_takes: Duration,
    /// Counts the messages that had gathered for the last transaction.
    gathered: usize,
    /// The pause after the store failed; zero if it did not.
    pause: Duration,
    is_quitting: bool,
}

impl Desk {
    pub(super) fn new(connection: Box<dyn Connection>, clock: Clock, inbox: Receiver<Message>) -> Self {
        Self {
            connection,
            clock,
            inbox,
            posts: Vec::new(),
            new: Vec::new(),
            replies: Vec::new(),
            may_be_due: true,
            next_due: None,
            transaction_takes: Duration::ZERO,
            gathered: 0,
            pause: Duration::ZERO,
            is_quitting: false,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            self.gather();
            if let Err(error) = self.exchange() {
                self.fail(&error);
            }
            self.dismiss();
            if self.is_quitting && self.posts.is_empty() {
                return;
            }
        }
    }

    /// Waits until there is something to do, and takes all that has gathered.
    fn gather(&mut self) {
        let patience = if self.pause > Duration::ZERO {
            self.pause
        } else if (self.may_be_due && self.wants() > 0) || self.posts.iter().any(|post| post.seen.is_none()) {
            Duration::ZERO
        } else if self.posts.is_empty() {
            Duration::MAX
        } else {
            let next = self.next_due.map_or(POLL, |due| due.saturating_since((self.clock)()));
            next.clamp(Duration::from_millis(1), POLL)
        };
        let first = match self.inbox.recv_timeout(patience) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => return,
            Err(RecvTimeoutError::Disconnected) => Message::Quit,
        };
        self.take(first);
        let (mut gathered, started) = (1, Clocked::now());
        while gathered < GATHERED {
            // Whoever the last transaction answered is about to come again: waiting a little saves the next a sync of its own.
            let patience = if gathered < self.gathered { self.transaction_takes / 4 } else { Duration::ZERO };
            let message = match patience.saturating_sub(started.elapsed()) {
                Duration::ZERO => self.inbox.try_recv().ok(),
                patience => self.inbox.recv_timeout(patience).ok(),
            };
            let Some(message) = message else { break };
            self.take(message);
            gathered += 1;
        }
        self.gathered = gathered;
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Enqueue(calls, reply) => {
                self.replies.push((calls.len(), reply));
                self.new.extend(calls);
            }
            Message::Attach(post) => {
                self.may_be_due = true;
                self.posts.push(*post);
            }
            Message::Finished(number, finished) => {
                if let Some(post) = self.posts.iter_mut().find(|post| post.number == number) {
                    if finished.outcome.is_some() {
                        post.took(finished.ended.saturating_since(finished.sent));
                    }
                    post.crew.finish(*finished);
                }
            }
            Message::Detach(number) => {
                if let Some(post) = self.posts.iter_mut().find(|post| post.number == number) {
                    stop(post, (self.clock)());
                }
            }
            Message::Wake => self.may_be_due = true,
            Message::Quit => {
                self.is_quitting = true;
                self.posts.iter_mut().for_each(|post| stop(post, (self.clock)()));
            }
        }
    }

    fn wants(&self) -> usize {
        self.posts.iter().map(|post| post.want(self.transaction_takes)).sum()
    }

    /// Writes what has gathered, in one transaction, and claims what is due.
    fn exchange(&mut self) -> Result<(), StoreError> {
        let now = (self.clock)();
        let wants = self.wants();
        if wants > 0 && !self.may_be_due {
            self.may_be_due = self.next_due.is_some_and(|due| due <= now) || self.connection.has_changed()?;
        }
        let is_alive = |post: &Post| post.seen.is_some_and(|seen| now.saturating_since(seen) < ALIVE);
        let has_to_write =
            !self.replies.is_empty() || self.posts.iter().any(|post| post.crew.has_unsettled() || !is_alive(post));
        let looks = wants > 0 && (self.may_be_due || has_to_write);
        let has_to_claim = !has_to_write && looks && self.is_anything_due(now)?;
        if !has_to_write && !has_to_claim {
            return Ok(());
        }

        let started = Clocked::now();
        let mut acknowledged = Vec::new();
        let mut claims: Vec<Vec<Claimed>> = Vec::new();
        let mut next_due = None;
        let (mut has_more, may_be_due) = (false, self.may_be_due);
        let Self { connection, clock, posts, new, transaction_takes, .. } = self;
        connection.transact(&mut |to| {
            // A store's own clock is read anew by every transaction.
            let now = clock();
            claims.clear();
            has_more = false;
            for post in posts.iter_mut() {
                post.crew.settle(to)?;
                match post.seen {
                    None => post.crew.sign_in(to, now)?,
                    Some(_) if !is_alive(post) => post.crew.still_here(to, now)?,
                    Some(_) => {}
                }
            }
            acknowledged = if new.is_empty() { Vec::new() } else { to.insert(now, new)? };
            for post in posts.iter_mut() {
                let want = post.want(*transaction_takes);
                let (claimed, may_have_more) =
                    if want > 0 { post.crew.claim(to, now, want)? } else { (Vec::new(), may_be_due) };
                has_more |= may_have_more;
                claims.push(claimed);
            }
            next_due = to.next_due(now)?;
            Ok(())
        })?;
        self.transaction_takes = (self.transaction_takes * 7 + started.elapsed()) / 8;
        self.pause = Duration::ZERO;
        self.may_be_due = has_more;
        self.next_due = next_due;
        self.new.clear();
        let mut told = acknowledged.into_iter().map(|is_new| if is_new { Enqueued::New } else { Enqueued::Known });
        for (count, reply) in self.replies.drain(..) {
            reply.send(Ok(told.by_ref().take(count).collect()));
        }
        for (post, claims) in self.posts.iter_mut().zip(claims) {
            post.crew.settled();
            post.progress.set_error(None);
            if !is_alive(post) {
                post.seen = Some(now);
            }
            post.crew.begin(&claims);
            claims.into_iter().for_each(|claimed| post.jobs.push(claimed));
        }
        Ok(())
    }

    /// Looks without writing, so that a worker with nothing to do locks nobody out.
    fn is_anything_due(&mut self, now: Instant) -> Result<bool, StoreError> {
        let (mut is_due, mut next_due) = (false, None);
        let Self { connection, clock, posts, .. } = self;
        connection.read(&mut |from: &mut dyn Transaction| {
            let now = clock().max(now);
            for post in posts.iter_mut() {
                is_due |= post.crew.is_anything_due(from, now)?;
            }
            next_due = from.next_due(now)?;
            Ok(())
        })?;
        self.may_be_due = is_due;
        self.next_due = next_due;
        Ok(is_due)
    }

    /// The store failed: whoever enqueued is told, and what workers have to write is kept and tried again.
    fn fail(&mut self, error: &StoreError) {
        self.new.clear();
        self.replies.drain(..).for_each(|(_, reply)| reply.send(Err(error.clone())));
        self.posts.iter().for_each(|post| post.progress.set_error(Some(error.clone())));
        self.pause = (self.pause * 2).clamp(POLL, LONGEST_PAUSE);
        self.may_be_due = true;
    }

    /// Workers that have stopped, and whose attempts are all written, are over.
    fn dismiss(&mut self) {
        let gives_up = self.pause >= LONGEST_PAUSE;
        self.posts.retain(|post| {
            let is_over = post.is_stopping && post.crew.in_flight() == 0 && (!post.crew.has_unsettled() || gives_up);
            if is_over {
                post.progress.is_over();
            }
            !is_over
        });
    }
}

/// Workers stop: nothing more is claimed for them, and what no thread has begun is given back.
fn stop(post: &mut Post, now: Instant) {
    post.is_stopping = true;
    for claimed in post.jobs.close() {
        post.crew.finish(claimed.unsent(now));
    }
}
