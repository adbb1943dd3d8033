//! Makes sure that the folders to embed exist, so that the server compiles before the web pages and
//! the SDK are built; it then says in plain words that they are missing.

use std::path::Path;

fn main() -> std::io::Result<()> {
    for folder in ["../www/dist", "../pkg/dist"] {
        if !Path::new(folder).exists() {
            std::fs::create_dir_all(folder)?;
        }
        // A new file in the folder must reach the binary, which the macro alone would not notice.
        println!("cargo:rerun-if-changed={folder}");
    }
    Ok(())
}
