//! [`LogWriter`]: writes log lines without blocking the server when no process reads standard error.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, channel, sync_channel},
    },
    thread,
    time::Duration,
};

/// Writes lines on its own thread, because a write to a full pipe blocks until its reader reads.
pub(crate) struct LogWriter {
    /// The only strong reference. When it is dropped, the thread writes the queued lines and ends.
    queue: Arc<Queue>,
    ended: Receiver<()>,
}

/// Queues lines for the thread.
pub(crate) struct LineSender(Weak<Queue>);

struct Queue {
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

impl LogWriter {
    /// Passes each line to `write`. When the queue is full, further lines are lost, and `report_lost` later
    /// receives their number.
    pub(crate) fn start(
        write: impl FnMut(&str) + Send + 'static,
        report_lost: impl FnMut(u64) + Send + 'static,
    ) -> Self {
        let (lines, queued) = sync_channel(CAPACITY);
        let (end, ended) = channel();
        let lost = Arc::new(AtomicU64::new(0));
        let lost_lines = Arc::clone(&lost);
        thread::spawn(move || {
            // `finish` notices the end of the thread, because this sender is dropped there.
            let _end = end;
            write_all(&queued, &lost_lines, write, report_lost);
        });
        Self { queue: Arc::new(Queue { lines, lost }), ended }
    }

    pub(crate) fn sender(&self) -> LineSender {
        LineSender(Arc::downgrade(&self.queue))
    }

    /// Waits until the queued lines are written, for [`FLUSH_TIMEOUT`] at most.
    pub(crate) fn finish(self) {
        drop(self.queue);
        let _ = self.ended.recv_timeout(FLUSH_TIMEOUT);
    }
}

impl LineSender {
    /// Queues `line`, or counts it as lost if the queue is full. Never blocks.
    pub(crate) fn send(&self, line: String) {
        if let Some(queue) = self.0.upgrade()
            && queue.lines.try_send(line).is_err()
        {
            queue.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(
    queued: &Receiver<String>,
    lost: &AtomicU64,
    mut write: impl FnMut(&str),
    mut report_lost: impl FnMut(u64),
) {
    loop {
        let next = match queued.try_recv() {
            // Lines are lost when the queue is full, so the lines in the queue precede them. By now they are
            // written.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                match lost.swap(0, Ordering::Relaxed) {
                    0 => {}
                    count => report_lost(count),
                }
                queued.recv().ok()
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
/// How long the command waits for a slow reader of its log before it exits.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn lost_lines_are_counted_and_reported_after_the_queued_ones() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = channel::<()>();
        let (lines, numbers) = (Arc::clone(&written), Arc::clone(&written));
        let writer = LogWriter::start(
            move |line| {
                // Blocks at the first line until the test opens the gate.
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

        let written = written.lock().unwrap();
        let lost = sent - (written.len() - 1);
        // The thread may or may not have taken the first line when the queue was full.
        assert!(lost == 9 || lost == 10, "{lost}");
        assert_eq!(*written.last().unwrap(), format!("lost {lost}"));
    }

    #[test]
    fn finish_does_not_wait_for_a_blocked_write() {
        let (_never, gate) = channel::<()>();
        let writer = LogWriter::start(move |_| gate.recv().unwrap_or_default(), |_| {});
        let sender = writer.sender();
        sender.send("x".into());
        writer.finish();
        // A line that is sent after `finish` does not block either.
        sender.send("y".into());
    }
}
