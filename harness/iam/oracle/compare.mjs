// Reads cases of `cargo run -p zipster-iam --example oracle_cases` on stdin and has an independent
// evaluator decide each. Ends with 1 if there is a disagreement that DEVIATIONS does not explain.
//
//     node compare.mjs FOLDER < CASES
//
// FOLDER is where `npm install` put the evaluator's node_modules. It is a program of its own: it is
// called here, and neither linked with nor copied into anything of ours.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? ".");
const require = createRequire(join(folder, "package.json"));
const { runSimulation } = require("@cloud-copilot/iam-simulate");

// Where the evaluator is known to differ from AWS's documentation, and we follow that. Each has a
// name, why, and how to tell.
const DEVIATIONS = [
  {
    // The user guide, "Session policies": what a resource's policy gives to the session itself
    // comes on top of the session policies. The evaluator lets them limit it.
    name: "a resource policy that names the session, or everyone, is not limited by a session policy",
    applies: (given, theirs) =>
      given.session !== null &&
      given.allowed &&
      theirs === "ImplicitlyDenied" &&
      given.evaluation.trace.some(
        ({ effect, outcome, statement }) =>
          effect === "Allow" &&
          statement.kind === "resource" &&
          ["Session", "Everyone"].includes(outcome.Matches?.through),
      ),
  },
  {
    // The user guide, "IAM policy elements: Variables and tags": a variable that cannot be resolved
    // makes the whole statement invalid. The evaluator takes it for text that matches nothing, so
    // that a NotResource excludes nothing.
    name: "a statement with a variable that has no value does not apply",
    applies: (given) =>
      given.evaluation.trace.some(({ outcome }) => outcome.VariableMissing !== undefined),
  },
];

function simulation(of) {
  return {
    request: {
      principal: of.principal,
      action: of.action,
      resource: { resource: of.resource, accountId: of.owner },
      contextVariables: of.context,
    },
    identityPolicies: of.identity.map((policy, index) => ({ name: `p${index + 1}`, policy })),
    permissionBoundaryPolicies: of.boundary
      ? [{ name: "boundary", policy: of.boundary }]
      : undefined,
    sessionPolicy: of.session ?? undefined,
    resourcePolicy: of.resource_policy ?? undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

let cases = 0;
let allowed = 0;
let unexplained = 0;
const explained = new Map();
const refused = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  const answer = await runSimulation(simulation(given), {});
  if (answer.resultType === "error" || answer.errors) {
    const why = JSON.stringify(answer.errors);
    refused.set(why, (refused.get(why) ?? 0) + 1);
    continue;
  }
  cases += 1;
  allowed += given.allowed ? 1 : 0;
  const theirs = answer.overallResult ?? answer.analysis?.result;
  if ((theirs === "Allowed") === given.allowed) continue;
  const known = DEVIATIONS.find((deviation) => deviation.applies(given, theirs));
  if (known) {
    explained.set(known.name, (explained.get(known.name) ?? 0) + 1);
    continue;
  }
  unexplained += 1;
  if (unexplained <= 5) console.error(`they say ${theirs}: ${line}\n`);
}

console.log(
  `${cases} cases, ${allowed} of them allowed; ${unexplained} disagreements without explanation`,
);
for (const [name, count] of explained) console.log(`  ${count}: ${name}`);
for (const [why, count] of refused) console.log(`  ${count} not decided by the evaluator: ${why}`);
// A comparison of nothing would prove nothing.
const isWorthless = cases === 0 || allowed === 0 || refused.size > 0;
process.exit(unexplained > 0 || isWorthless ? 1 : 0);
