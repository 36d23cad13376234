"""The faults that the service has to stand, one row each, and the tests that inject them.

    make faults

`tests` are names for pytest; the slow ones among them are run as well. A row without tests says why.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    number: int
    injected: str
    expected: str
    tests: tuple[str, ...] = ()
    left_out: str = ""
    """Why there are no tests."""


FAULTS = (
    Fault(
        number=1,
        injected="the kernel's event queue (128) overflows: 50,000 files by four writers",
        expected="no file missed",
        tests=(
            "faults/test_folder.py::test_burst_beyond_the_event_queue_misses_nothing",
            "watch/test_follow.py::test_no_file_of_a_burst_is_missed",
            "watch/test_follow.py::test_no_file_of_a_large_burst_is_missed",
        ),
    ),
    Fault(
        number=2,
        injected="no inotify watches, instances or descriptors left",
        expected="polls, says so once, misses nothing",
        tests=(
            "watch/test_follow.py::test_when_watches_run_out_it_polls_and_misses_nothing",
            "watch/test_folder.py::test_without_watches_it_polls_says_so_once_and_tries_again",
            "watch/test_read.py::test_without_descriptors_nothing_is_lost_or_blamed_on_the_article",
        ),
    ),
    Fault(
        number=3,
        injected="folders made, renamed and written to at once",
        expected="nothing missed, small log",
        tests=(
            "watch/test_follow.py::test_folders_renamed_as_soon_as_they_are_made_are_overcome",
            "watch/test_scan.py::test_a_folder_in_motion_is_scanned_without_error",
            "watch/test_folder.py::test_ten_thousand_renames_leave_the_log_small",
        ),
    ),
    Fault(
        number=4,
        injected="root swapped, removed and made again, renamed, mounted over, unmounted",
        expected="feeds become the folder; nothing removed meanwhile",
        tests=(
            "faults/test_folder.py::test_feeds_follow_the_folder_through_faults_of_its_root",
            "watch/test_follow.py::test_a_fault_of_the_root_is_overcome",
            "watch/test_follow.py::test_an_exchanged_link_is_overcome",
            "watch/test_follow.py::test_a_mount_over_the_root_and_its_end_are_overcome",
            "watch/test_follow.py::test_an_empty_mount_over_the_root_takes_no_article",
            "watch/test_follow.py::test_a_removed_root_takes_no_article",
            "watch/test_deletion_guard.py",
        ),
    ),
    Fault(
        number=5,
        injected="network folder (FUSE): remote change, 0.5 ms latency, EIO, ESTALE, no answer for 60 s",
        expected="found by scans, nothing removed, feeds answered",
        tests=("faults/test_network_folder.py",),
    ),
    Fault(
        number=6,
        injected="git checks out 30 times between branches, and is killed on the way",
        expected="nothing missed, no half state in feeds or Slack",
        tests=(
            "faults/test_git.py",
            "entries/test_history.py::test_invented_history_comes_to_what_was_invented",
            "entries/test_history.py::test_recorded_history_comes_to_192_entries_and_30_revisions",
        ),
    ),
    Fault(
        number=7,
        injected="files written in place while they are read",
        expected="no truncated article",
        tests=(
            "watch/test_read.py::test_no_torn_article_is_read_while_a_writer_writes_in_place",
            "watch/test_follow.py::test_an_article_is_read_once_per_version_and_whole",
        ),
    ),
    Fault(
        number=8,
        injected="hostile files: deep, aliased, huge, mis-encoded; mutated and composed ones",
        expected="each a problem of its own, in time; the others published",
        tests=(
            "faults/test_folder.py::test_bad_files_never_cost_a_good_one",
            "faults/test_folder.py::test_each_kind_of_bad_file_is_listed_in_words_anyone_can_read",
            "fuzz/test_front_matter.py",
            "fuzz/test_hostile.py",
            "publish/test_hostile.py",
        ),
    ),
    Fault(
        number=9,
        injected="links out of the folder, FIFOs, devices, loops, 100 MB",
        expected="refused at once; nothing hangs, nothing behind a link is read",
        tests=(
            "watch/test_read.py::test_what_is_no_article_is_refused_at_once",
            "watch/test_read.py::test_nothing_behind_a_link_is_read",
            "watch/test_scan.py::test_what_is_no_regular_file_is_an_oddity",
            "watch/test_scan.py::test_a_look_never_leaves_the_root",
            "watch/test_scan.py::test_folders_without_end_are_not_followed_for_ever",
            "publish/test_files.py::test_nothing_behind_a_link_is_touched",
            "web/test_app.py::test_links_and_odd_files_inside_lead_nowhere",
        ),
    ),
    Fault(
        number=10,
        injected="a thread or the web server's process dies; a part breaks again and again",
        expected="started again; a service that is stuck is known to be",
        tests=(
            "test_threads.py",
            "watch/test_follow.py::test_a_dead_thread_is_overcome",
            "watch/test_folder.py::test_a_stopped_thread_is_replaced",
            "slack/test_sender.py::test_defect_in_a_round_does_not_end_the_sender",
            "web/test_server.py::test_server_that_dies_is_started_again_on_its_port",
            "acceptance/test_status.py::test_service_that_gives_no_sign_of_life_is_down",
        ),
    ),
    Fault(
        number=11,
        injected="Slack drops, resets, hangs, truncates, answers HTML, 429, 500, 503, errors; applies late",
        expected="lost 0, twice 0; one message a second at most; the outage said once",
        tests=(
            "faults/test_deliveries.py",
            "slack/test_client.py",
            "slack/test_errors.py",
            "slack/test_outbox_machine.py",
            "acceptance/test_service.py::test_outage_of_slack_is_said_and_what_waited_is_posted_after_it",
        ),
    ),
    Fault(
        number=12,
        injected="kill -9 at random moments and named points",
        expected="lost 0, twice 0, database sound, no torn feed",
        tests=(
            "faults/test_deliveries.py",
            "entries/test_history.py::test_killed_service_shows_no_revision_that_never_was",
            "publish/test_files.py::test_two_hundred_kills_tear_no_file",
            "entries/test_cut_off.py",
        ),
    ),
    Fault(
        number=13,
        injected="power loss: an ext4 that forgets what was not synced",
        expected="database sound, feeds whole, lost 0, twice 0",
        tests=(
            "faults/test_disks.py::test_power_loss_costs_no_feed_and_posts_nothing_twice",
            "entries/test_changed_output.py::test_portion_is_on_disk_before_the_store_takes_it_for_written",
            "store/test_backup.py::test_nothing_takes_its_place_before_it_is_on_the_disk",
        ),
    ),
    Fault(
        number=14,
        injected="full disk: of the state, the output, a backup; at start and later",
        expected="old feeds served, database sound, goes on when there is room",
        tests=(
            "test_service.py::test_full_disk_at_start_is_waited_for_while_what_is_there_is_served",
            "test_service.py::test_full_disk_of_the_output_is_over_only_when_it_is",
            "test_service.py::test_full_disk_while_it_runs_is_said_once_and_waited_for",
            "publish/test_files.py::test_full_disk_leaves_the_old_feed_whole",
            "store/test_database.py::test_full_disk_is_something_to_wait_for",
            "store/test_migrations.py::test_disk_that_fills_up_meanwhile_is_something_to_wait_for",
            "store/test_backup.py::test_full_disk_keeps_the_backup_of_before",
            "cli/test_failures.py::test_full_output_is_one_line",
        ),
    ),
    Fault(
        number=15,
        injected="output read-only, articles without rights (chmod 000)",
        expected="said, feeds served, recovers",
        tests=(
            "faults/test_disks.py::test_output_that_becomes_read_only_is_served_and_recovers",
            "faults/test_disks.py::test_articles_that_may_not_be_read_stay_in_their_feeds",
            "publish/test_files.py::test_read_only_file_system_is_told_with_a_cure",
            "watch/test_scan.py::test_a_shut_folder_is_not_the_same_as_an_empty_one",
            "watch/test_read.py::test_a_file_that_may_not_be_read_is_a_problem_with_a_cure",
        ),
    ),
    Fault(
        number=16,
        injected="database: header zeroed, pages random, truncated, emptied, of an old backup",
        expected="set aside, reset as at a first start, or restored; nothing old posted",
        tests=(
            "test_service.py::test_database_damaged_in_use_is_set_aside_and_pages_stay_up",
            "test_service.py::test_damage_that_the_sender_meets_is_mended_too",
            "store/test_database.py::test_damaged_database_is_moved_aside_and_begun_anew",
            "acceptance/test_service.py::test_restored_database_announces_nothing_again",
            "acceptance/test_backup.py",
        ),
    ),
    Fault(
        number=17,
        injected="another process locks the database for 30 s",
        expected="waits, serves, then does all of it once",
        tests=(
            "faults/test_disks.py::test_database_locked_by_another_process_is_waited_for",
            "slack/test_sender.py::test_store_that_is_busy_is_waited_for_and_nothing_is_lost",
            "store/test_database.py::test_thread_whose_turn_to_write_does_not_come_may_try_again",
        ),
    ),
    Fault(
        number=18,
        injected="clock set by an hour, days of summer time, ten hours asleep",
        expected="each digest once",
        tests=(
            "test_schedule.py",
            "slack/test_sender.py::test_clock_set_back_does_not_make_messages_wait_twice",
            "slack/test_sender.py::test_clock_that_was_ahead_makes_nothing_wait_longer_than_it_should",
        ),
    ),
    Fault(
        number=19,
        injected="a second instance on the same state",
        expected="refused (78), the first goes on",
        tests=(
            "acceptance/test_service.py::test_second_instance_is_refused",
            "store/test_database.py::test_second_process_is_refused_until_the_first_is_dead",
        ),
    ),
    Fault(
        number=20,
        injected="PostgreSQL gone for 60 s",
        expected="goes on, lost 0, twice 0",
        left_out="the state is SQLite; there is no PostgreSQL in this version",
    ),
    Fault(
        number=21,
        injected="256 MB of memory and a tenth of a core",
        expected="works",
        tests=("faults/test_disks.py::test_service_works_with_little_memory_and_a_tenth_of_a_core",),
    ),
    Fault(
        number=22,
        injected="SIGTERM and SIGHUP in each state, wrong settings",
        expected="ends within 20 s; old settings kept",
        tests=(
            "acceptance/test_reload.py",
            "acceptance/test_service.py::test_reload_takes_over_new_settings_and_refuses_wrong_ones",
            "slack/test_sender.py::test_stop_waits_a_little_for_calls_under_way",
            "slack/test_sender.py::test_stop_leaves_a_call_that_hangs_to_be_looked_for",
            "web/test_server.py::test_stop_with_idle_half_open_and_stalled_connections_is_bounded",
            "slack/test_check.py::test_check_ends_with_the_service",
            "test_upkeep.py::test_backup_under_way_ends_with_the_service",
        ),
    ),
    Fault(
        number=23,
        injected="canary secrets, DEBUG, forced errors",
        expected="nowhere in logs, errors, pages, database",
        tests=(
            "acceptance/test_service.py::test_canary_secrets_are_nowhere",
            "slack/test_client.py::test_no_secret_in_logs_errors_or_tracebacks",
            "slack/test_sender.py::test_no_secret_in_logs_or_store",
            "cli/test_log.py::test_secrets_are_masked",
            "web/test_server.py::test_server_inherits_no_secret_and_imports_little",
        ),
    ),
    Fault(
        number=24,
        injected="first start and 43 kinds of change, 10,000 articles",
        expected="exact counts of feeds changed and stories owed",
        tests=("entries/test_table.py",),
    ),
)
