//! [`World`]: a single-threaded executor with virtual time, whose hosts can freeze and crash.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, UNIX_EPOCH},
};

use cg_auth_core::time::{BoxFuture, Now, Runtime};

/// Virtual time, and the tasks of all hosts. Which of several ready tasks runs next depends on the seed.
pub(crate) struct World {
    state: Mutex<State>,
}

struct State {
    now: Duration,
    random: fastrand::Rng,
    next_timer: u64,
    timers: BinaryHeap<Reverse<(Duration, u64)>>,
    sleepers: HashMap<u64, Waker>,
    tasks: Vec<Task>,
    ready: Vec<usize>,
    hosts: Vec<Health>,
    trace: Vec<String>,
}

struct Task {
    /// `None` for what runs outside of every process: the service, the store, the faults.
    host: Option<usize>,
    future: Option<BoxFuture<'static, ()>>,
    waker: Waker,
    is_ready: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Health {
    Running,
    Frozen,
    Crashed,
}

impl World {
    pub(crate) fn new(seed: u64, hosts: usize) -> Arc<Self> {
        let state = State {
            now: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            next_timer: 0,
            timers: BinaryHeap::new(),
            sleepers: HashMap::new(),
            tasks: Vec::new(),
            ready: Vec::new(),
            hosts: vec![Health::Running; hosts],
            trace: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(crate) fn now(&self) -> Duration {
        self.state().now
    }

    /// Calls `draw` with the random numbers of this run.
    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.state().random)
    }

    /// Remembers what has happened, for the trace of a failing seed.
    pub(crate) fn log(&self, what: impl fmt::Display) {
        let mut state = self.state();
        let line = format!("{:9.3} {what}", state.now.as_secs_f64());
        state.trace.push(line);
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    pub(crate) fn sleep(self: &Arc<Self>, duration: Duration) -> Sleep {
        Sleep { until: self.now() + duration, world: Arc::clone(self), timer: None }
    }

    pub(crate) fn spawn(self: &Arc<Self>, host: Option<usize>, future: BoxFuture<'static, ()>) {
        let mut state = self.state();
        if host.is_some_and(|host| state.hosts[host] == Health::Crashed) {
            drop(state);
            mem::forget(future);
            return;
        }
        let number = state.tasks.len();
        let waker = Waker::from(Arc::new(TaskWaker { world: Arc::downgrade(self), number }));
        state.tasks.push(Task { host, future: Some(future), waker, is_ready: true });
        state.ready.push(number);
    }

    /// Sends `exchange` to the other side, which carries it out whatever happens to the sender.
    pub(crate) async fn sent<T: Send + 'static>(
        self: &Arc<Self>,
        exchange: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let slot: Arc<Mutex<(Option<T>, Option<Waker>)>> = Arc::default();
        let answer = Arc::clone(&slot);
        self.spawn(
            None,
            Box::pin(async move {
                let output = exchange.await;
                let mut answer = answer.lock().unwrap();
                answer.0 = Some(output);
                if let Some(waker) = answer.1.take() {
                    waker.wake();
                }
            }),
        );
        std::future::poll_fn(move |context| {
            let mut slot = slot.lock().unwrap();
            slot.1 = Some(context.waker().clone());
            slot.0.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    pub(crate) fn freeze(&self, host: usize) {
        let mut state = self.state();
        if state.hosts[host] == Health::Running {
            state.hosts[host] = Health::Frozen;
        }
    }

    pub(crate) fn thaw(&self, host: usize) {
        let mut state = self.state();
        if state.hosts[host] == Health::Frozen {
            state.hosts[host] = Health::Running;
            let woken = state.tasks.iter().enumerate();
            let woken: Vec<_> = woken
                .filter(|(_, task)| task.host == Some(host) && task.is_ready && task.future.is_some())
                .map(|(number, _)| number)
                .collect();
            state.ready.extend(woken);
        }
    }

    /// Ends a process without running any of its code, as `kill -9` does.
    pub(crate) fn crash(&self, host: usize) {
        let mut state = self.state();
        state.hosts[host] = Health::Crashed;
        let killed: Vec<_> = state.tasks.iter_mut().filter(|task| task.host == Some(host)).collect();
        killed.into_iter().for_each(|task| mem::forget(task.future.take()));
    }

    pub(crate) fn is_running(&self, host: usize) -> bool {
        self.state().hosts[host] == Health::Running
    }

    /// Runs every task until `end`, or until `is_over`.
    pub(crate) fn run(&self, end: Duration, is_over: impl Fn() -> bool) {
        while !is_over() {
            let Some(number) = self.next_ready() else {
                if self.pass_time(end) {
                    continue;
                }
                return;
            };
            let mut state = self.state();
            let task = &mut state.tasks[number];
            let (future, waker) = (task.future.take(), task.waker.clone());
            task.is_ready = false;
            let host = task.host;
            drop(state);
            let Some(mut future) = future else { continue };
            if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                let mut state = self.state();
                if host.is_some_and(|host| state.hosts[host] == Health::Crashed) {
                    drop(state);
                    mem::forget(future);
                } else {
                    state.tasks[number].future = Some(future);
                }
            }
        }
    }

    fn next_ready(&self) -> Option<usize> {
        let mut state = self.state();
        while !state.ready.is_empty() {
            let length = state.ready.len();
            let at = state.random.usize(..length);
            let number = state.ready.swap_remove(at);
            let host = state.tasks[number].host;
            if host.is_none_or(|host| state.hosts[host] == Health::Running) {
                return Some(number);
            }
            // A frozen host keeps it until it is thawed.
        }
        None
    }

    /// Moves the time to the next timer. Returns false if there is none before `end`.
    fn pass_time(&self, end: Duration) -> bool {
        let mut state = self.state();
        let Some(Reverse((due, timer))) = state.timers.pop().filter(|Reverse((due, _))| *due <= end) else {
            state.now = end;
            return false;
        };
        state.now = state.now.max(due);
        let waker = state.sleepers.remove(&timer);
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TaskWaker {
    world: Weak<World>,
    number: usize,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let Some(world) = self.world.upgrade() else { return };
        let mut state = world.state();
        let task = &mut state.tasks[self.number];
        if !mem::replace(&mut task.is_ready, true) {
            state.ready.push(self.number);
        }
    }
}

/// A sleep in virtual time.
pub(crate) struct Sleep {
    world: Arc<World>,
    until: Duration,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = Arc::clone(&self.world);
        let mut state = world.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        let timer = match self.timer {
            Some(timer) => timer,
            None => {
                state.next_timer += 1;
                let timer = state.next_timer;
                state.timers.push(Reverse((self.until, timer)));
                self.timer = Some(timer);
                timer
            }
        };
        state.sleepers.insert(timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.world.state().sleepers.remove(&timer);
        }
    }
}

/// The clocks, timers and tasks of one host. Its clocks started at another time than those of the others.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) world: Arc<World>,
    pub(crate) number: Option<usize>,
    pub(crate) origin: Duration,
    /// The wall clocks of two hosts are up to a minute apart.
    pub(crate) wall_ahead: Duration,
}

impl Runtime for Host {
    fn now(&self) -> Now {
        let now = self.world.now();
        Now::new(self.origin + now, UNIX_EPOCH + BEGINNING + self.wall_ahead + now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.world.sleep(duration))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.world.spawn(self.number, task);
        Ok(())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({:?})", self.number)
    }
}

/// When the run begins, since 1970.
pub(crate) const BEGINNING: Duration = Duration::from_secs(1_893_456_000);
