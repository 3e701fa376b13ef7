//! [`LogWriter`]: lines on their way to where people look, which hold nothing up when nobody does.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, channel, sync_channel},
    },
    thread,
    time::Duration,
};

/// Writes lines on a thread of its own, since a pipe that nobody reads blocks its writer for ever.
pub(super) struct LogWriter {
    /// Alone keeps the thread at work: when it goes, the thread ends after the lines that wait.
    queue: Arc<Queue>,
    ended: Receiver<()>,
}

/// Where lines are put in.
pub(super) struct LineSender(Weak<Queue>);

struct Queue {
    lines: SyncSender<String>,
    not_shown: Arc<AtomicU64>,
}

impl LogWriter {
    /// Gives `write` one line after the other and, where lines came faster than it took them, `tell_lost`
    /// their number.
    pub(super) fn start(
        write: impl FnMut(&str) + Send + 'static,
        tell_lost: impl FnMut(u64) + Send + 'static,
    ) -> Self {
        let (lines, waiting) = sync_channel(CAPACITY);
        let (end, ended) = channel();
        let not_shown = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&not_shown);
        thread::spawn(move || {
            // Dropped with the thread's last word, which is how its end is known.
            let _end = end;
            show(&waiting, &lost, write, tell_lost);
        });
        Self { queue: Arc::new(Queue { lines, not_shown }), ended }
    }

    pub(super) fn sender(&self) -> LineSender {
        LineSender(Arc::downgrade(&self.queue))
    }

    /// Lets what waits be written, if somebody reads it soon.
    pub(super) fn finish(self) {
        drop(self.queue);
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

impl LineSender {
    /// Takes `line`, or counts it where there is no room. Never waits.
    pub(super) fn send(&self, line: String) {
        if let Some(queue) = self.0.upgrade()
            && queue.lines.try_send(line).is_err()
        {
            queue.not_shown.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn show(
    waiting: &Receiver<String>,
    not_shown: &AtomicU64,
    mut write: impl FnMut(&str),
    mut tell_lost: impl FnMut(u64),
) {
    loop {
        let next = match waiting.try_recv() {
            // What found no room came after all that had found some.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                match not_shown.swap(0, Ordering::Relaxed) {
                    0 => {}
                    lost => tell_lost(lost),
                }
                waiting.recv().ok()
            }
            Ok(line) => Some(line),
        };
        match next {
            Some(line) => write(&line),
            None => return,
        }
    }
}

const CAPACITY: usize = 1024;
const PATIENCE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lines_that_find_no_room_are_counted_and_told_after_those_that_did() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = channel::<()>();
        let (lines, numbers) = (Arc::clone(&told), Arc::clone(&told));
        let writer = LogWriter::start(
            move |line| {
                // Blocks at the first line until the gate is opened for good.
                let _ = gate.recv();
                lines.lock().unwrap().push(line.to_owned());
            },
            move |lost| numbers.lock().unwrap().push(format!("lost {lost}")),
        );
        let sender = writer.sender();
        let sent = CAPACITY + 10;
        (0..sent).for_each(|number| sender.send(number.to_string()));
        drop(open);
        writer.finish();

        let told = told.lock().unwrap();
        let lost = sent - (told.len() - 1);
        // The line that blocks is out of the queue, or not yet.
        assert!(lost == 9 || lost == 10, "{lost}");
        assert_eq!(*told.last().unwrap(), format!("lost {lost}"));
    }

    #[test]
    fn the_end_does_not_wait_for_somebody_to_read() {
        let (_never, gate) = channel::<()>();
        let writer = LogWriter::start(move |_| gate.recv().unwrap_or_default(), |_| {});
        let sender = writer.sender();
        sender.send("x".into());
        writer.finish();
        // Nor does one who comes later.
        sender.send("y".into());
    }
}
