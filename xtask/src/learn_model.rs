//! Acoustic models of single phones by SphinxTrain: flat start, Baum-Welch, more and more
//! Gaussians.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::learn_corpus::Recording;

/// A training run in a directory of its own.
pub struct Training {
    dir: PathBuf,
}

impl Training {
    /// Writes what SphinxTrain wants to read; the samples lie in `dir/raw` already.
    pub fn prepare(dir: &Path, recordings: &[Recording]) -> Result<Self, Box<dyn Error>> {
        let mut dictionary = BTreeMap::new();
        let (mut names, mut transcripts) = (String::new(), String::new());
        for Recording { name, said } in recordings {
            writeln!(names, "{name}")?;
            transcripts.push_str("<s>");
            for (n, clause) in said.iter().enumerate() {
                if n > 0 {
                    transcripts.push_str(" <sil>");
                }
                for word in clause {
                    let spelt = word.join("_");
                    write!(transcripts, " {spelt}")?;
                    dictionary.insert(spelt, word.join(" "));
                }
            }
            writeln!(transcripts, " </s> ({name})")?;
        }
        let phones: BTreeSet<&str> =
            dictionary.values().flat_map(|w| w.split(' ')).chain(["SIL"]).collect();
        let lines = |items: Vec<String>| items.join("\n") + "\n";
        let write = |name: &str, text: String| std::fs::write(dir.join(name), text);
        write("names", names)?;
        write("transcripts", transcripts)?;
        write("dictionary", lines(dictionary.iter().map(|(w, p)| format!("{w} {p}")).collect()))?;
        write("noisedict", NOISE.to_owned())?;
        write("phones", lines(phones.iter().map(|p| (*p).to_owned()).collect()))?;
        write("topology", TOPOLOGY.to_owned())?;
        write("feat.params", FEATURES.join(" ").replace(" -", "\n-") + "\n")?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Trains and returns the directory of the model.
    pub fn run(&self, gaussians: u32) -> Result<PathBuf, Box<dyn Error>> {
        self.features()?;
        self.flat_start()?;
        let mut each = 1;
        loop {
            // A new Gaussian settles in a few rounds; the last ones get some more.
            let rounds = if each == gaussians || each == 1 { 8 } else { 5 };
            for _ in 0..rounds {
                self.round()?;
            }
            eprintln!("{each} Gaussians a state");
            if each >= gaussians {
                return Ok(self.dir.join("model"));
            }
            self.split(each)?;
            each *= 2;
        }
    }

    fn features(&self) -> Result<(), Box<dyn Error>> {
        let mut args: Vec<&str> = FEATURES[..FEATURES.len() - KEPT_FOR_DECODING].to_vec();
        args.extend(["-raw", "yes", "-c", "names", "-di", "raw", "-ei", "raw"]);
        args.extend(["-do", "features", "-eo", "mfc", "-samprate", "16000"]);
        self.call("sphinx_fe", &args)
    }

    fn flat_start(&self) -> Result<(), Box<dyn Error>> {
        for name in ["flat", "model", "counts0", "counts1"] {
            std::fs::create_dir_all(self.dir.join(name))?;
        }
        self.call("mk_mdef_gen", &["-phnlstfn", "phones", "-ocimdef", "model/mdef"])?;
        self.call(
            "mk_flat",
            &[
                "-moddeffn",
                "model/mdef",
                "-topo",
                "topology",
                "-mixwfn",
                "model/mixture_weights",
                "-tmatfn",
                "model/transition_matrices",
                "-nstream",
                "1",
                "-ndensity",
                "1",
            ],
        )?;
        let data = ["-ctlfn", "names", "-cepdir", "features", "-accumdir", "counts0"];
        let shape = ["-feat", "1s_c_d_dd", "-cmn", "batch", "-agc", "none", "-ceplen", "13"];
        let all = [&data[..], &shape[..]].concat();
        self.call("init_gau", &all)?;
        self.call("norm", &["-accumdir", "counts0", "-meanfn", "flat/means"])?;
        self.call("init_gau", &[&all[..], &["-meanfn", "flat/means"][..]].concat())?;
        self.call("norm", &["-accumdir", "counts0", "-varfn", "flat/variances"])?;
        // Every state begins with the mean and the variance of everything.
        let phones = std::fs::read_to_string(self.dir.join("phones"))?.lines().count();
        let states = 3 * phones;
        let copies: String = (0..states).map(|n| format!("{n} 0\n")).collect();
        std::fs::write(self.dir.join("copies"), copies)?;
        let states = states.to_string();
        for kind in ["means", "variances"] {
            let (from, to) = (format!("flat/{kind}"), format!("model/{kind}"));
            self.call(
                "cp_parm",
                &["-cpopsfn", "copies", "-igaufn", &from, "-ncbout", &states, "-ogaufn", &to],
            )?;
        }
        Ok(())
    }

    /// One round of Baum-Welch, half of the recordings on each of two cores.
    fn round(&self) -> Result<(), Box<dyn Error>> {
        let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
            let parts = [0, 1].map(|part: usize| {
                scope.spawn(move || self.count_part(part).map_err(|e| e.to_string()))
            });
            parts.map(|p| p.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()))).into()
        });
        results.into_iter().collect::<Result<Vec<()>, String>>()?;
        self.call(
            "norm",
            &[
                "-accumdir",
                "counts0,counts1",
                "-mixwfn",
                "model/mixture_weights",
                "-tmatfn",
                "model/transition_matrices",
                "-meanfn",
                "model/means",
                "-varfn",
                "model/variances",
                "-dcountfn",
                "counts",
            ],
        )
    }

    fn count_part(&self, part: usize) -> Result<(), Box<dyn Error>> {
        let number = ["1", "2"][part];
        let counts = ["counts0", "counts1"][part];
        self.call(
            "bw",
            &[
                "-moddeffn",
                "model/mdef",
                "-ts2cbfn",
                ".cont.",
                "-mixwfn",
                "model/mixture_weights",
                "-meanfn",
                "model/means",
                "-varfn",
                "model/variances",
                "-tmatfn",
                "model/transition_matrices",
                "-dictfn",
                "dictionary",
                "-fdictfn",
                "noisedict",
                "-ctlfn",
                "names",
                "-part",
                number,
                "-npart",
                "2",
                "-cepdir",
                "features",
                "-lsnfn",
                "transcripts",
                "-accumdir",
                counts,
                "-varfloor",
                "0.0001",
                "-topn",
                "32",
                "-abeam",
                "1e-90",
                "-bbeam",
                "1e-10",
                "-feat",
                "1s_c_d_dd",
                "-cmn",
                "batch",
                "-agc",
                "none",
                "-ceplen",
                "13",
                "-2passvar",
                "no",
                "-timing",
                "no",
            ],
        )
    }

    fn split(&self, each: u32) -> Result<(), Box<dyn Error>> {
        let each = each.to_string();
        self.call(
            "inc_comp",
            &[
                "-ninc",
                &each,
                "-dcountfn",
                "counts",
                "-inmixwfn",
                "model/mixture_weights",
                "-outmixwfn",
                "model/mixture_weights.new",
                "-inmeanfn",
                "model/means",
                "-outmeanfn",
                "model/means.new",
                "-invarfn",
                "model/variances",
                "-outvarfn",
                "model/variances.new",
            ],
        )?;
        for name in ["mixture_weights", "means", "variances"] {
            let model = self.dir.join("model");
            std::fs::rename(model.join(format!("{name}.new")), model.join(name))?;
        }
        Ok(())
    }

    /// Runs a program of SphinxTrain in the directory; what it prints goes to a file there.
    fn call(&self, program: &str, args: &[&str]) -> Result<(), Box<dyn Error>> {
        let installed = Path::new("/usr/lib/sphinxtrain").join(program);
        let path = if installed.exists() { installed } else { PathBuf::from(program) };
        let output = Command::new(path)
            .args(args)
            .current_dir(&self.dir)
            .output()
            .map_err(|e| format!("{program} (Debian: sphinxtrain, sphinxbase-utils): {e}"))?;
        let part = if args.contains(&"counts1") { "1" } else { "" };
        let log = self.dir.join(format!("{program}{part}.log"));
        std::fs::write(&log, [output.stdout, output.stderr].concat())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{program} failed, see {}", log.display()).into()),
        }
    }
}

/// How sound becomes features; the last four words concern decoding only.
const FEATURES: [&str; 24] = [
    "-lowerf",
    "200",
    "-upperf",
    "3500",
    "-nfilt",
    "25",
    "-transform",
    "dct",
    "-lifter",
    "22",
    "-remove_noise",
    "no",
    "-remove_silence",
    "no",
    "-ncep",
    "13",
    "-nfft",
    "512",
    "-feat",
    "1s_c_d_dd",
    "-cmn",
    "batch",
    "-agc",
    "none",
];
const KEPT_FOR_DECODING: usize = 6;
const NOISE: &str = "<s> SIL\n</s> SIL\n<sil> SIL\n";
/// Three states, each may last or pass on; no state is skipped.
const TOPOLOGY: &str = "0.1\n4\n1.0 1.0 0.0 0.0\n0.0 1.0 1.0 0.0\n0.0 0.0 1.0 1.0\n";
