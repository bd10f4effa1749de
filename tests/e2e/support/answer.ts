/** A container's command that answers every connection to port 80 with a word; any Debian image has what it needs. */
export const answer = (word: string): string[] => [
  "perl",
  "-MIO::Socket::INET",
  "-e",
  `$s = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1) or die;
   while ($c = $s->accept) { print $c "${word}\\n"; close $c }`,
];
