/** `make smoke`: the quick part of the validation. */
process.argv.push("--quick");
void import("./validate");
