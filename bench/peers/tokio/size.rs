//! The smallest program with two tasks that let one another run.
use std::sync::atomic::{AtomicU32, Ordering};

static TURNS: AtomicU32 = AtomicU32::new(0);

async fn turner(times: u32) {
    for _ in 0..times {
        TURNS.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (a, b) = (tokio::spawn(turner(3)), tokio::spawn(turner(5)));
        a.await.unwrap();
        b.await.unwrap();
    });
    assert_eq!(TURNS.load(Ordering::Relaxed), 8);
}
