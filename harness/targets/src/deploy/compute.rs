//! Functions.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture as SdkArchitecture, DeadLetterConfig, DestinationConfig, Environment,
    EphemeralStorage, FunctionCode, LastUpdateStatus, OnFailure, OnSuccess, Runtime, State,
};
use zipster_stack::resources::{
    Architecture, Function, FunctionEventInvokeConfig, FunctionPermission,
};

use super::{Code, Deployer, Refusal, binary_of};
use crate::TargetError;
use crate::clients::Clients;

/// How long a function may take to become ready; LocalStack pulls an image meanwhile.
const READY_LIMIT: Duration = Duration::from_secs(300);

/// How often it is looked at.
const READY_LOOKS: Duration = Duration::from_millis(100);

impl Deployer<'_> {
    pub(super) async fn function(&self, function: &Function) -> Result<(), Refusal> {
        const OPERATION: &str = "CreateFunction";
        let binary =
            binary_of(function).map_err(|error| Refusal::because(OPERATION, error.to_string()))?;
        let code = self.code.get(&binary).ok_or_else(|| {
            Refusal::because(OPERATION, format!("there is no executable {binary:?}"))
        })?;
        let code = upload(code, OPERATION).await?;
        let environment = environment(function, OPERATION)?;
        let architecture = match function.architecture {
            Architecture::X86_64 => SdkArchitecture::X8664,
            Architecture::Arm64 => SdkArchitecture::Arm64,
        };
        let storage = EphemeralStorage::builder()
            .size(small(function.ephemeral_storage_mb))
            .build()
            .map_err(Refusal::unbuilt(OPERATION))?;
        let dead_letters = function.dead_letter_target.as_ref().map(|target| {
            DeadLetterConfig::builder()
                .target_arn(target.as_str())
                .build()
        });
        let created = self
            .clients
            .lambda
            .create_function()
            .function_name(function.name.as_str())
            .role(function.role.as_str())
            .runtime(Runtime::from(function.runtime.as_str()))
            .handler(&function.handler)
            .set_description(function.description.clone())
            .code(code.clone())
            .architectures(architecture.clone())
            .timeout(small(function.timeout_s))
            .memory_size(small(function.memory_mb))
            .ephemeral_storage(storage.clone())
            .environment(environment.clone())
            .set_dead_letter_config(dead_letters.clone())
            .send()
            .await
            .map_err(Refusal::of(OPERATION));
        match created {
            Ok(created) if created.state() == Some(&State::Active) => {}
            Ok(_) => self.ready(function).await?,
            Err(refusal) if self.may_exist(&refusal) => {
                self.ready(function).await?;
                self.clients
                    .lambda
                    .update_function_configuration()
                    .function_name(function.name.as_str())
                    .role(function.role.as_str())
                    .runtime(Runtime::from(function.runtime.as_str()))
                    .handler(&function.handler)
                    .set_description(function.description.clone())
                    .timeout(small(function.timeout_s))
                    .memory_size(small(function.memory_mb))
                    .ephemeral_storage(storage)
                    .environment(environment)
                    .set_dead_letter_config(dead_letters)
                    .send()
                    .await
                    .map_err(Refusal::of("UpdateFunctionConfiguration"))?;
                self.ready(function).await?;
                self.clients
                    .lambda
                    .update_function_code()
                    .function_name(function.name.as_str())
                    .architectures(architecture)
                    .set_zip_file(code.zip_file().cloned())
                    .set_s3_bucket(code.s3_bucket().map(str::to_owned))
                    .set_s3_key(code.s3_key().map(str::to_owned))
                    .send()
                    .await
                    .map_err(Refusal::of("UpdateFunctionCode"))?;
                self.ready(function).await?;
            }
            Err(refusal) => return Err(refusal),
        }
        if let Some(limit) = function.reserved_concurrency {
            self.clients
                .lambda
                .put_function_concurrency()
                .function_name(function.name.as_str())
                .reserved_concurrent_executions(small(limit))
                .send()
                .await
                .map_err(Refusal::of("PutFunctionConcurrency"))?;
        }
        Ok(())
    }

    async fn ready(&self, function: &Function) -> Result<(), Refusal> {
        ready(self.clients, function.name.as_str()).await
    }

    pub(super) async fn function_permission(
        &self,
        permission: &FunctionPermission,
    ) -> Result<(), Refusal> {
        match self.add_permission(permission).await {
            Err(refusal) if self.may_exist(&refusal) => {
                self.clients
                    .lambda
                    .remove_permission()
                    .function_name(permission.function.as_str())
                    .set_qualifier(permission.qualifier.clone())
                    .statement_id(&permission.statement_id)
                    .send()
                    .await
                    .map_err(Refusal::of("RemovePermission"))?;
                self.add_permission(permission).await
            }
            other => other,
        }
    }

    async fn add_permission(&self, permission: &FunctionPermission) -> Result<(), Refusal> {
        self.clients
            .lambda
            .add_permission()
            .function_name(permission.function.as_str())
            .set_qualifier(permission.qualifier.clone())
            .statement_id(&permission.statement_id)
            .action(&permission.action)
            .principal(&permission.principal)
            .set_source_arn(permission.source_arn.clone())
            .set_source_account(
                permission
                    .source_account
                    .as_ref()
                    .map(|account| account.as_str().to_owned()),
            )
            .send()
            .await
            .map_err(Refusal::of("AddPermission"))?;
        Ok(())
    }

    pub(super) async fn function_event_invoke_config(
        &self,
        config: &FunctionEventInvokeConfig,
    ) -> Result<(), Refusal> {
        const OPERATION: &str = "PutFunctionEventInvokeConfig";
        let mut destinations = DestinationConfig::builder();
        if let Some(arn) = &config.on_success {
            destinations =
                destinations.on_success(OnSuccess::builder().destination(arn.as_str()).build());
        }
        if let Some(arn) = &config.on_failure {
            destinations =
                destinations.on_failure(OnFailure::builder().destination(arn.as_str()).build());
        }
        self.clients
            .lambda
            .put_function_event_invoke_config()
            .function_name(config.function.as_str())
            .set_qualifier(config.qualifier.clone())
            .maximum_event_age_in_seconds(small(config.maximum_event_age_s))
            .maximum_retry_attempts(small(config.maximum_retry_attempts))
            .destination_config(destinations.build())
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        Ok(())
    }
}

/// Waits until a function can be called and changed: what made or changed it has answered before
/// that.
async fn ready(clients: &Clients, function: &str) -> Result<(), Refusal> {
    const OPERATION: &str = "GetFunctionConfiguration";
    let waiting = async {
        let mut looks = tokio::time::interval(READY_LOOKS);
        loop {
            looks.tick().await;
            let found = clients
                .lambda
                .get_function_configuration()
                .function_name(function)
                .send()
                .await
                .map_err(Refusal::of(OPERATION))?;
            let pending = found.state() == Some(&State::Pending)
                || found.last_update_status() == Some(&LastUpdateStatus::InProgress);
            if pending {
                continue;
            }
            if found.state() == Some(&State::Failed) {
                let reason = found.state_reason().unwrap_or("no reason given");
                return Err(Refusal::because(OPERATION, reason));
            }
            if found.last_update_status() == Some(&LastUpdateStatus::Failed) {
                let reason = found.last_update_status_reason();
                return Err(Refusal::because(
                    OPERATION,
                    reason.unwrap_or("no reason given"),
                ));
            }
            return Ok(());
        }
    };
    match tokio::time::timeout(READY_LIMIT, waiting).await {
        Ok(ready) => ready,
        Err(_) => Err(Refusal::because(
            OPERATION,
            format!("it was not ready within {} s", READY_LIMIT.as_secs()),
        )),
    }
}

/// Gives a function other code, and waits until it runs.
///
/// # Errors
/// [`TargetError::Deploy`] if the code cannot be read or is refused.
pub async fn update_code(
    clients: &Clients,
    function: &str,
    code: &Code,
) -> Result<(), TargetError> {
    const OPERATION: &str = "UpdateFunctionCode";
    let updated = async {
        let code = upload(code, OPERATION).await?;
        clients
            .lambda
            .update_function_code()
            .function_name(function)
            .set_zip_file(code.zip_file().cloned())
            .set_s3_bucket(code.s3_bucket().map(str::to_owned))
            .set_s3_key(code.s3_key().map(str::to_owned))
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        ready(clients, function).await
    };
    updated.await.map_err(|refusal| TargetError::Deploy {
        what: format!("{function} ({})", refusal.operation),
        reason: refusal.reason,
    })
}

/// What is uploaded, or where it is.
async fn upload(code: &Code, operation: &'static str) -> Result<FunctionCode, Refusal> {
    match code {
        Code::InPlace(path) => Ok(FunctionCode::builder()
            .s3_bucket("hot-reload")
            .s3_key(path.to_string_lossy())
            .build()),
        Code::Zip(path) => {
            let bytes = tokio::fs::read(path).await.map_err(|error| {
                Refusal::because(operation, format!("{}: {error}", path.display()))
            })?;
            Ok(FunctionCode::builder().zip_file(Blob::new(bytes)).build())
        }
    }
}

fn environment(function: &Function, operation: &'static str) -> Result<Environment, Refusal> {
    let mut environment = Environment::builder();
    for (name, value) in &function.environment {
        let value = value.expose().ok_or_else(|| {
            Refusal::because(
                operation,
                format!("the environment variable {name} is known only after apply"),
            )
        })?;
        environment = environment.variables(name, value);
    }
    Ok(environment.build())
}

/// The API's numbers have 32 bits; the reader has checked that they are in range.
pub(super) fn small(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
