// Package patterns selects nodes by their tags, Type@name, exactly as a debug build of OpenVINO's CPU plugin does with the variables
// OV_CPU_INFER_PRC_POS_PATTERN, _NEG_PATTERN and _CNT, and writes the patterns that select a wanted set.
//
//   - Settings are the three variables; Select says which tags they enforce.
//   - Compile is the filter itself: the dialect of libstdc++'s std::regex (ECMAScript grammar, search, raw bytes), its limits included.
//   - ForKeep writes patterns for a set of nodes to keep in f32, and Prove holds settings against a wanted set.
//   - WriteListing and ParseListing are what a debug build prints.
//   - Export writes settings for shells, dotenv, JSON, PowerShell, GitHub, Docker and systemd; ReadEnv reads them back.
//
// Everything works on raw bytes: a tag need not be UTF-8. The package reads no environment and imports nothing of the module.
package patterns
