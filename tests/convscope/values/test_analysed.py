from convscope.values.analysed import unlike_checkpoints


def test_runs_whose_last_checkpoints_differ_are_named():
    (notice,) = unlike_checkpoints((("a", "100"), ("b", "200"), ("c", "100"), ("d", None)))
    assert notice.code == "unlike-checkpoints"
    assert "100: a, c; 200: b; no label: d" in notice.message


def test_many_runs_are_counted():
    (notice,) = unlike_checkpoints((("last", "9"), *((f"run {n}", "8") for n in range(7))))
    assert "run 4 and 2 more" in notice.message


def test_runs_of_one_checkpoint_need_no_notice():
    assert unlike_checkpoints((("a", "100"), ("b", "100"))) == ()
    assert unlike_checkpoints((("a", None), ("b", None))) == ()
