"""Changes one line of terraform/ at a time, each of which would harm on AWS, and expects `terraform test` to notice.

Usage: terraform_mutations.py ROOT COMMAND...

ROOT is an initialised copy of the module, which is changed and put back. COMMAND runs its tests and ends with another
status than 0 if one fails.
"""

import pathlib
import re
import subprocess
import sys

# What is lost: the file, what stands there once, and what stands there instead.
MUTATIONS = [
    # Who is called by what
    ("transform is not called", "storage.tf", r'lambda_function_arn = aws_lambda_function\.transform\.arn', "lambda_function_arn = aws_lambda_function.load.arn"),
    ("only some ways of making an input file count", "storage.tf", r'(id +  *= "transform"[^}]*events +=) \["s3:ObjectCreated:\*"\]', r'\1 ["s3:ObjectCreated:Put"]'),
    ("only some ways of making a load file count", "storage.tf", r'(id +  *= "load"[^}]*events +=) \["s3:ObjectCreated:\*"\]', r'\1 ["s3:ObjectCreated:Put"]'),
    ("load hears of the input bucket", "storage.tf", r'bucket = module\.load_bucket\.name', "bucket = module.input_bucket.name"),
    ("S3 may not call transform for its bucket", "functions.tf", r'source_arn     = module\.input_bucket\.arn', "source_arn     = module.error_bucket.arn"),
    ("other accounts' buckets may call load", "functions.tf", r'(source_arn     = module\.load_bucket\.arn)\n  source_account = .*', r"\1"),
    ("another service may call transform", "functions.tf", r'(resource "aws_lambda_permission" "transform" \{[^}]*principal +=) "s3\.amazonaws\.com"', r'\1 "sns.amazonaws.com"'),
    # What the functions are
    ("transform has too little time", "functions.tf", r'(function_name = "\$\{var\.project\}-transform"[\s\S]*?timeout +=) 900', r"\1 3"),
    ("load has too little time", "functions.tf", r'(function_name = "\$\{var\.project\}-load"[\s\S]*?timeout +=) 900', r"\1 3"),
    ("load has the other role", "functions.tf", r'role          = aws_iam_role\.load\.arn', "role          = aws_iam_role.transform.arn"),
    ("load files go to the error bucket", "functions.tf", r'LOAD_BUCKET  = module\.load_bucket\.name', "LOAD_BUCKET  = module.error_bucket.name"),
    ("load announces on transform's topic", "functions.tf", r'TOPIC_ARN = aws_sns_topic\.load\.arn', "TOPIC_ARN = aws_sns_topic.transform.arn"),
    ("load does not know its secret", "functions.tf", r'      DATABASE_SECRET_ARN = local\.database_secret_arn\n', ""),
    ("load runs as often as it likes", "functions.tf", r'  reserved_concurrent_executions = var\.load_concurrency\n', ""),
    ("load is outside the network", "functions.tf", r'for_each = range\(local\.own_database\)', "for_each = []"),
    # What fails
    ("transform is not tried again", "functions.tf", r'(event_invoke_config" "transform" \{[^}]*maximum_retry_attempts +=) 2', r"\1 0"),
    ("what load gave up goes to the other queue", "functions.tf", r'destination = aws_sqs_queue\.load_dead_letters\.arn', "destination = aws_sqs_queue.transform_dead_letters.arn"),
    ("dead letters are gone after a day", "queues.tf", r'14 \* 24 \* 60 \* 60', "24 * 60 * 60"),
    ("nobody is alarmed at errors", "alarms.tf", r'(metric_name         = "Errors"[\s\S]*?)  alarm_actions +=.*\n', r"\1"),
    ("the alarm of dead letters looks at another number", "alarms.tf", r'"ApproximateNumberOfMessagesVisible"', '"NumberOfMessagesSent"'),
    # Who may do what
    ("transform may not read its input", "roles.tf", r'(sid       = "TakeInput"\n +actions   =) \["s3:GetObject", "s3:DeleteObject"\]', r'\1 ["s3:DeleteObject"]'),
    ("transform may do everything with its input", "roles.tf", r'(sid       = "TakeInput"\n +actions   =) \["s3:GetObject", "s3:DeleteObject"\]', r'\1 ["s3:*"]'),
    ("transform may not see what is gone", "roles.tf", r'resources = \[module\.input_bucket\.arn\]', "resources = [module.error_bucket.arn]"),
    ("transform may not write error files", "roles.tf", r', "\$\{module\.error_bucket\.arn\}/\*"\]', "]"),
    ("load may not delete what it loaded", "roles.tf", r'(sid       = "TakeLoadFile"\n +actions   =) \["s3:GetObject", "s3:DeleteObject"\]', r'\1 ["s3:GetObject"]'),
    ("load may not announce", "roles.tf", r'resources = \[aws_sns_topic\.load\.arn\]', "resources = [aws_sns_topic.transform.arn]"),
    ("load may not leave dead letters", "roles.tf", r'resources = \[aws_sqs_queue\.load_dead_letters\.arn\]', "resources = [aws_sqs_queue.transform_dead_letters.arn]"),
    ("load may not write its log", "roles.tf", r'resources = \["\$\{aws_cloudwatch_log_group\.load\.arn\}:\*"\]', 'resources = [aws_cloudwatch_log_group.load.arn]'),
    ("load may read every secret", "roles.tf", r'resources = \[statement\.value\]', 'resources = ["*"]'),
    ("load's code may use its network rights", "roles.tf", r'effect = "Deny"', 'effect = "Allow"'),
    ("anybody may take on the roles", "roles.tf", r'identifiers = \["lambda\.amazonaws\.com"\]', 'identifiers = ["ec2.amazonaws.com"]'),
    # Who is told
    ("failures are not told", "topics.tf", r'\["succeeded", "failed"\]', '["succeeded"]'),
    ("every step is told by default", "variables.tf", r'(variable "notify_every_step" \{[^}]*default +=) false', r"\1 true"),
    ("load's topic has transform's policy", "topics.tf", r'arn    = aws_sns_topic\.load\.arn', "arn    = aws_sns_topic.transform.arn"),
    ("notices may go without TLS", "topics.tf", r'effect    = "Deny"', 'effect    = "Allow"'),
    # How files are kept
    ("deleted files cannot be had back", "modules/bucket/main.tf", r'status = "Enabled"\n  \}', 'status = "Suspended"\n  }'),
    ("buckets may be public", "modules/bucket/main.tf", r'block_public_policy     = true', "block_public_policy     = false"),
    ("unfinished uploads stay", "modules/bucket/main.tf", r'days_after_initiation = 1', "days_after_initiation = 365"),
    ("files go without TLS", "modules/bucket/main.tf", r'values   = \["false"\]', 'values   = ["true"]'),
    # The database
    ("the database is not encrypted", "database.tf", r'storage_encrypted     = true', "storage_encrypted     = false"),
    ("the database takes connections without TLS", "database.tf", r'value = "1"', 'value = "0"'),
    ("the database is public", "database.tf", r'publicly_accessible    = local\.clients_outside', "publicly_accessible    = true"),
    ("load does not reach the database", "network.tf", r'(ingress_rule" "load_to_database" \{[^}]*referenced_security_group_id = aws_security_group)\.load\[0\]', r"\1.endpoints[0]"),
    ("load does not reach Secrets Manager", "network.tf", r'    secretsmanager = .*\n', ""),
]


def main() -> int:
    root, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    if subprocess.run(command, capture_output=True).returncode:
        print("the tests fail before anything was changed, so they would notice nothing")
        return 1
    noticed, problems = 0, []
    for what, name, pattern, replacement in MUTATIONS:
        path = root / name
        original = path.read_text()
        mutated, count = re.subn(pattern, replacement, original)
        if count != 1:
            problems.append(f"{what}: {pattern!r} stands {count} times in {name}, not once; mend the table")
            continue
        path.write_text(mutated)
        try:
            run = subprocess.run(command, capture_output=True, text=True)
        finally:
            path.write_text(original)
        # A file that no longer parses would fail as well, and say nothing about the tests.
        if "Test assertion failed" in run.stdout + run.stderr:
            noticed += 1
        else:
            problems.append(f"{what} ({name}): no assertion failed; the tests ended with {run.returncode}")
            if run.returncode:
                problems.append(run.stdout + run.stderr)
    for problem in problems:
        print(problem)
    print(f"{len(MUTATIONS)} harmful changes: {noticed} noticed by terraform test")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
