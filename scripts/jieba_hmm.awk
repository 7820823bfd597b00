# Makes hmm.txt of jieba's tables prob_start.py, prob_trans.py, prob_emit.py (Python dictionaries of logarithms): lines
# "start STATE P", "trans FROM TO P", "emit STATE HEX P". The numbers stay as they are written.
# usage: awk -f jieba_hmm.awk prob_start.py prob_trans.py prob_emit.py > hmm.txt
FNR == 1 { table = FILENAME; sub(/.*prob_/, "", table); sub(/[.]py$/, "", table) }
match($0, /'[BMES]': *[{]/) { state = substr($0, RSTART + 1, 1); $0 = substr($0, RSTART + RLENGTH) }
{
  line = $0
  while (match(line, /'[^']*': *[-+.e0-9]+/)) {
    name = number = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    sub(/^'(\\u)?/, "", name)
    sub(/'.*/, "", name)
    sub(/.*: */, "", number)
    print table, (table == "start" ? "" : state " ") name, number
  }
}
