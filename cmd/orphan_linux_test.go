package cmd_test

// orphansEnd says that programs end with a process that is killed.
const orphansEnd = true
