# cargo.sh: sourced by the `build` of a Rust peer. cargo_build NAME OUT: release mode, offline, from the system's
# packages. In a copy of the sources, since cargo writes a lock file beside them.
cargo_build() {
    registry=/usr/share/cargo/registry
    copy=$BUILD/bench/rust/$1
    command -v cargo >/dev/null || { echo "no cargo" >&2; return 1; }
    [ -d $registry ] || { echo "no crates in $registry" >&2; return 1; }
    rm -rf "$copy"
    mkdir -p "$copy"
    cp bench/peers/"$1"/* bench/peers/harness.rs "$copy"
    cargo build --quiet --release --offline --manifest-path "$copy/Cargo.toml" --target-dir "$BUILD/bench/rust/target" \
        --config 'source.crates-io.replace-with="system"' --config "source.system.directory=\"$registry\"" || return 1
    cp "$BUILD/bench/rust/target/release/$1-peer" "$2"
}

# crate_version NAME
crate_version() {
    ls -d /usr/share/cargo/registry/"$1"-[0-9]* | sed 's/.*-//'
}
