//! What bench/harness.c is for the programs in C: `--list`, and `--turn SYSTEM ROW COUNT`, one round after an uncounted
//! one. And the parts of the rows that need no executor: every Rust peer runs the same async functions.
#![allow(dead_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Units and values. A value that is no number: the CPU time of the process, which its parent knows.
pub type Answer = Vec<(&'static str, f64)>;
pub const OF_PROCESS: f64 = f64::NAN;

pub struct Workload {
    pub system: &'static str,
    pub row: &'static str,
    pub run: fn(u64) -> Answer,
    /// No uncounted round before.
    pub fresh: bool,
}

pub const fn row(system: &'static str, row: &'static str, run: fn(u64) -> Answer) -> Workload {
    Workload { system, row, run, fresh: false }
}

pub const fn fresh(system: &'static str, row: &'static str, run: fn(u64) -> Answer) -> Workload {
    Workload { system, row, run, fresh: true }
}

pub fn main(workloads: &[Workload]) {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--list"] => workloads.iter().for_each(|w| println!("{}\t{}", w.system, w.row)),
        [_, "--turn", system, row, count] => {
            let found = workloads.iter().find(|w| w.system == system && w.row == row).expect("no such workload");
            let count = count.parse().expect("a count");
            if !found.fresh {
                (found.run)(count);
            }
            for (unit, value) in (found.run)(count) {
                if value.is_nan() {
                    println!("{unit}\tprocess");
                } else {
                    println!("{unit}\t{value:.6}");
                }
            }
        }
        _ => panic!("usage: PROGRAM --list | --turn SYSTEM ROW COUNT"),
    }
}

/// Nanoseconds for each.
pub fn each(start: Instant, count: u64) -> Answer {
    vec![("ns", start.elapsed().as_nanos() as f64 / count as f64)]
}

pub fn check(condition: bool, what: &str) {
    if !condition {
        eprintln!("bench: wrong: {what}");
        std::process::exit(1);
    }
}

/// 0 + 1 + ... + (count - 1)
pub fn sum_below(count: u64) -> u64 {
    count * (count - 1) / 2
}

/// The sum of i & 0xff for all i below count.
pub fn sum_of_bytes(count: u64) -> u64 {
    count / 256 * sum_below(256) + if count % 256 == 0 { 0 } else { sum_below(count % 256) }
}

pub struct Random(pub u64);
impl Random {
    pub fn new() -> Random {
        Random(88172645463325252)
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// 4,096 durations, each factor of ten between one second and a thousand as likely as any other.
pub fn mixed_delays() -> Vec<Duration> {
    let mut random = Random::new();
    let mut delay = || {
        let seconds = 10f64.powf((random.next() % 3000) as f64 / 1000.0);
        Duration::from_secs_f64(seconds) + Duration::from_nanos(random.next() % 1000000)
    };
    (0..4096).map(|_| delay()).collect()
}

pub fn cpu_seconds() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

pub fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// Wakes, answers Pending once, then is ready.
#[derive(Default)]
pub struct Event(bool);
impl Future for Event {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

// ---- ready_chain_5 ----------------------------------------------------------------------------------------------

async fn link5(x: u64) -> u64 {
    x + 1
}
async fn link4(x: u64) -> u64 {
    link5(x + 1).await
}
async fn link3(x: u64) -> u64 {
    link4(x + 1).await
}
async fn link2(x: u64) -> u64 {
    link3(x + 1).await
}
async fn link1(x: u64) -> u64 {
    link2(x + 1).await
}

pub async fn ready_chains(count: u64) -> Answer {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..count {
        sum += std::hint::black_box(link1(std::hint::black_box(i)).await);
    }
    let answer = each(start, count);
    check(sum == sum_below(count) + 5 * count, "the sum of the chains");
    answer
}

// ---- await_depth ------------------------------------------------------------------------------------------------

/// A recursion of async functions has to be boxed.
fn deep(depth: u64, count: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if depth > 1 {
            return deep(depth - 1, count).await;
        }
        for _ in 0..count {
            Event::default().await;
        }
        count
    })
}

pub async fn wakes(depth: u64, count: u64) -> Answer {
    let future = deep(depth, count);
    let start = Instant::now();
    let output = future.await;
    let answer = each(start, count);
    check(output == count, "the number of wakes");
    answer
}

// ---- join_all ---------------------------------------------------------------------------------------------------

/// A child waits once, then returns its number.
pub async fn child(number: u64) -> u64 {
    Event::default().await;
    number
}
