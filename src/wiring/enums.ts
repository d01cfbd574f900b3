import { OUTCOMES as GATE_OUTCOMES, GATE_REASONS } from '../modules/gate/reasons.ts';
import { HourAuthorization } from '../modules/gate/authorizations/authorizations.repository.ts';
import { PURPOSES } from '../modules/gate/facts.ts';
import { LICENSE_STATES } from '../modules/commerce/licenses/licenses.repository.ts';
import { Offering } from '../modules/commerce/offerings/offerings.repository.ts';
import { Subscription } from '../modules/commerce/subscriptions/subscriptions.repository.ts';
import { BASELINE_STATUSES } from '../modules/fitness/baselines/baseline.ts';
import { CASE_DECISIONS, CASE_STATES, FitnessCase } from '../modules/fitness/cases/cases.repository.ts';
import { ACTIONS, LEVELS, REASONS as RESULT_REASONS } from '../modules/fitness/classification/classify.ts';
import { REQUIREMENT_KINDS } from '../modules/fitness/classification/policy.ts';
import { REQUIREMENT_STATUSES } from '../modules/fitness/compliance/compliance.ts';
import { BREACH_KINDS, COMPLIANCE_GROUPS } from '../modules/fitness/compliance/report-lines.ts';
import { DecisionNotes } from '../modules/fitness/decisions.ts';
import { SIGNAL_KINDS, TEST_SOURCES } from '../modules/fitness/definitions/definitions.ts';
import { Device } from '../modules/fitness/devices/devices.repository.ts';
import { SOURCE_STATES } from '../modules/fitness/ingest/cursor.ts';
import { QuarantineView } from '../modules/fitness/ingest/sources.repository.ts';
import { StoredPolicy } from '../modules/fitness/policies/policies.repository.ts';
import { ARRIVAL_FLAGS, ATTEMPTS, ESCALATION_STEPS } from '../modules/fitness/ports.ts';
import { EXCUSE_REASONS } from '../modules/fitness/requirements/requirements.lifecycle.ts';
import { Detected } from '../modules/fitness/requirements/requirements.repository.ts';
import { ResultView } from '../modules/fitness/results/results.repository.ts';
import { PROTOCOLS, VENDOR_RISKS } from '../modules/fitness/results/submissions.ts';
import { ApiClient } from '../modules/identity/api-clients/api-clients.repository.ts';
import { AttemptView } from '../modules/identity/attempts/attempts.repository.ts';
import { INVITATION_STATES } from '../modules/identity/invitations/invitations.repository.ts';
import { OTP_PURPOSES } from '../modules/identity/otp/otp.rules.ts';
import { Person } from '../modules/identity/persons/persons.repository.ts';
import { ErasureReport } from '../modules/identity/privacy/erasures.ts';
import { LegalHold } from '../modules/identity/privacy/legal-holds.ts';
import { ErasureRequest } from '../modules/identity/privacy/requests.ts';
import { DRIFT_KINDS } from '../modules/identity/reconciliation/reconciliation.repository.ts';
import { OperatorUser, STAFF_ROLES } from '../modules/identity/staff/staff.repository.ts';
import { SKIP_REASONS } from '../modules/notifications/delivery-choice.ts';
import { Delivery } from '../modules/notifications/deliveries.repository.ts';
import { NOTICE_TYPE_NAMES, PRIORITIES } from '../modules/notifications/notice.ts';
import { Preference } from '../modules/notifications/preferences.repository.ts';
import { WebhookEndpoint } from '../modules/notifications/webhooks.repository.ts';
import type { EnumSets } from '../modules/organization/common/common.router.ts';
import { Company, COMPANY_KINDS, COMPANY_STATES } from '../modules/organization/companies/companies.repository.ts';
import { CompanyDomain } from '../modules/organization/companies/domains.repository.ts';
import { Feature } from '../modules/organization/features/catalogue.repository.ts';
import { FeatureGrant } from '../modules/organization/features/grants.repository.ts';
import { REASONS as FEATURE_REASONS } from '../modules/organization/features/resolution.ts';
import { LINKED_SYSTEMS } from '../modules/organization/profiles/links.repository.ts';
import { NATIONAL_ID_KINDS } from '../modules/organization/profiles/national-id.ts';
import { PROFILE_KINDS, PROFILE_STATES } from '../modules/organization/profiles/profiles.repository.ts';
import { RESIDENT_STATES } from '../modules/organization/residents/residents.repository.ts';
import { SCOPE_KINDS } from '../modules/organization/roles/roles.repository.ts';
import { EXPORT_ERRORS, ExportJob, FORMATS } from '../modules/reporting/exports/exports.repository.ts';
import { Leave } from '../modules/workforce/absences/absences.repository.ts';
import { ASSIGNMENT_STATES } from '../modules/workforce/assignments/assignments.repository.ts';
import { BatchUpload } from '../modules/workforce/batch/batch.repository.ts';
import { BATCH_KINDS } from '../modules/workforce/batch/columns.ts';
import { Contract } from '../modules/workforce/contracts/contracts.repository.ts';
import { PROJECT_STATES } from '../modules/workforce/projects/projects.repository.ts';
import { CREDENTIAL_STATES } from '../modules/workforce/qualifications/credentials.repository.ts';
import { CREDENTIAL_BASES, CREDENTIAL_KINDS, HAZARDS } from '../modules/workforce/qualifications/kinds.ts';
import { RosterExceptionEntity } from '../modules/workforce/rosters/roster-exceptions.repository.ts';
import { ShiftPattern } from '../modules/workforce/rosters/shift-patterns.repository.ts';
import { Shift } from '../modules/workforce/rosters/shifts.repository.ts';
import { ABOUTS } from '../platform/access/catalogue.ts';
import { Explained } from '../platform/access/explained.ts';
import { CLIENTS, REACHES } from '../platform/access/principal.ts';
import { TRAIL_ENTRY } from '../platform/change/trail.ts';
import { LOCALES } from '../platform/i18n/locales.ts';
import { SHIFTS_OF_BOARD } from '../portals/supervisor/supervisor.schemas.ts';
import { NEXT_STEPS } from '../portals/worker/next-step.ts';

const { preferences } = Person.fields;
const { decisions } = DecisionNotes.properties;
const { actor, personal } = TRAIL_ENTRY.properties;

/** Every closed set of values in the API, by the name under which frontends find its labels. */
export const ENUMS: EnumSets = {
  actorKind: { values: actor.properties.kind.enum, texts: 'reports:actorKind' },
  addressKind: { values: Company.fields.addresses.items.properties.kind.enum },
  apiClientStatus: { values: ApiClient.fields.status.enum },
  arrivalFlag: { values: ARRIVAL_FLAGS },
  assignmentStatus: { values: ASSIGNMENT_STATES, texts: 'reports:assignmentStatus' },
  baselineStatus: { values: BASELINE_STATUSES, texts: 'fitness:baselineStatus' },
  batchKind: { values: BATCH_KINDS },
  batchMode: { values: BatchUpload.fields.mode.enum },
  batchStatus: { values: BatchUpload.fields.status.enum },
  boardShift: { values: SHIFTS_OF_BOARD },
  breachKind: { values: BREACH_KINDS, texts: 'reports:breachKind' },
  caseDecision: { values: CASE_DECISIONS, texts: 'reports:decision' },
  caseStatus: { values: CASE_STATES, texts: 'reports:caseStatus' },
  caseTrigger: { values: FitnessCase.fields.trigger.enum },
  client: { values: CLIENTS },
  companyKind: { values: COMPANY_KINDS },
  companyStatus: { values: COMPANY_STATES },
  complianceGroup: { values: COMPLIANCE_GROUPS },
  contractStatus: { values: Contract.fields.status.enum },
  credentialBasis: { values: CREDENTIAL_BASES },
  credentialKind: { values: CREDENTIAL_KINDS },
  credentialStatus: { values: ['missing', ...CREDENTIAL_STATES] },
  decisionText: { values: decisions.items.properties.text.enum },
  deliveryChannel: { values: Delivery.fields.channel.enum },
  deliveryMode: { values: Preference.fields.modes.items.properties.mode.enum },
  deliverySkip: { values: SKIP_REASONS },
  deliveryStatus: { values: Delivery.fields.status.enum },
  deviceKind: { values: Device.fields.kind.enum },
  deviceQualification: { values: ResultView.properties.deviceState.enum },
  deviceStatus: { values: Device.fields.status.enum },
  domainStatus: { values: CompanyDomain.fields.status.enum },
  driftKind: { values: DRIFT_KINDS },
  erasureRequestStatus: { values: ErasureRequest.fields.status.enum },
  erasureSource: { values: ErasureReport.fields.askedBy.enum },
  escalationStep: { values: ESCALATION_STEPS },
  excuseReason: { values: EXCUSE_REASONS },
  exportError: { values: EXPORT_ERRORS },
  exportFormat: { values: FORMATS },
  exportStatus: { values: ExportJob.fields.status.enum },
  featureEffect: { values: FeatureGrant.fields.effect.enum },
  featureGrantStatus: { values: FeatureGrant.fields.status.enum },
  featurePeriod: { values: Feature.fields.period.anyOf[0].enum },
  featureReason: { values: FEATURE_REASONS },
  featureStatus: { values: Feature.fields.status.enum },
  featureSubject: { values: FeatureGrant.fields.subject.enum },
  featureType: { values: Feature.fields.type.enum },
  fitnessDecision: { values: decisions.items.properties.decision.enum },
  gateOutcome: { values: GATE_OUTCOMES, texts: 'gate:outcome' },
  gatePurpose: { values: PURPOSES },
  gateReason: { values: GATE_REASONS },
  hazard: { values: HAZARDS },
  hourAuthorizationStatus: { values: HourAuthorization.fields.status.enum },
  invitationStatus: { values: INVITATION_STATES },
  leaveKind: { values: Leave.fields.kind.enum },
  legalHoldStatus: { values: LegalHold.fields.status.enum },
  level: { values: LEVELS, texts: 'common:level' },
  licenseStatus: { values: LICENSE_STATES, texts: 'reports:licenseStatus' },
  linkedSystem: { values: LINKED_SYSTEMS },
  locale: { values: LOCALES },
  nationalIdKind: { values: NATIONAL_ID_KINDS },
  nextStep: { values: NEXT_STEPS },
  noticePriority: { values: PRIORITIES },
  noticeType: { values: NOTICE_TYPE_NAMES },
  offeringUnit: { values: Offering.fields.unit.enum },
  otpPurpose: { values: OTP_PURPOSES },
  paymentState: { values: Subscription.fields.paymentState.enum },
  permissionAbout: { values: ABOUTS },
  permissionEffect: { values: Explained.properties.grants.items.properties.effect.enum },
  permissionLack: { values: Explained.properties.because.anyOf[0].enum },
  personStatus: { values: Person.fields.status.enum },
  policyStatus: { values: StoredPolicy.fields.status.enum },
  profileKind: { values: PROFILE_KINDS },
  profileStatus: { values: PROFILE_STATES },
  projectStatus: { values: PROJECT_STATES },
  quarantineStatus: { values: QuarantineView.properties.status.enum },
  reach: { values: REACHES },
  requirementKind: { values: REQUIREMENT_KINDS, texts: 'fitness:requirementKind' },
  requirementStatus: { values: REQUIREMENT_STATUSES, texts: 'fitness:requirementStatus' },
  residentStatus: { values: RESIDENT_STATES },
  resultReason: { values: RESULT_REASONS, texts: 'fitness:reason' },
  resultReplacement: { values: ResultView.properties.superseding.anyOf[0].enum },
  rosterExceptionKind: { values: RosterExceptionEntity.fields.kind.enum },
  rosterExceptionStatus: { values: RosterExceptionEntity.fields.status.enum },
  scopeKind: { values: SCOPE_KINDS },
  sealedValues: { values: personal.properties.state.enum },
  shiftCancelCause: { values: Shift.fields.cancelledBecause.anyOf[0].enum },
  shiftKind: { values: ShiftPattern.fields.days.items.properties.kind.enum },
  shiftSource: { values: Shift.fields.source.enum },
  shiftStatus: { values: Shift.fields.status.enum },
  signInOutcome: { values: AttemptView.properties.outcome.enum },
  signalKind: { values: SIGNAL_KINDS },
  sourceStatus: { values: SOURCE_STATES },
  staffRole: { values: STAFF_ROLES },
  staffStatus: { values: OperatorUser.fields.status.enum },
  subscriptionStatus: { values: Subscription.fields.status.enum },
  testAction: { values: ACTIONS, texts: 'fitness:action' },
  testAttempt: { values: ATTEMPTS },
  testOutage: { values: Detected.properties.by.enum },
  testProtocol: { values: PROTOCOLS },
  testSource: { values: TEST_SOURCES },
  textSize: { values: preferences.properties.textSize.enum },
  theme: { values: preferences.properties.theme.enum },
  vendorRisk: { values: VENDOR_RISKS },
  webhookStatus: { values: WebhookEndpoint.fields.status.enum },
};
