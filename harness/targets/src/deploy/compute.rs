//! Functions.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture as SdkArchitecture, DeadLetterConfig, DestinationConfig, Environment,
    EphemeralStorage, FunctionCode, OnFailure, OnSuccess, Runtime,
};
use zipster_stack::resources::{
    Architecture, Function, FunctionEventInvokeConfig, FunctionPermission,
};

use super::{Code, Deployer, Refusal, binary_of};

impl Deployer<'_> {
    pub(super) async fn function(&self, function: &Function) -> Result<(), Refusal> {
        const OPERATION: &str = "CreateFunction";
        let binary =
            binary_of(function).map_err(|error| Refusal::because(OPERATION, error.to_string()))?;
        let code = self.code.get(&binary).ok_or_else(|| {
            Refusal::because(OPERATION, format!("there is no executable {binary:?}"))
        })?;
        let code = match code {
            Code::InPlace(path) => FunctionCode::builder()
                .s3_bucket("hot-reload")
                .s3_key(path.to_string_lossy())
                .build(),
            Code::Zip(path) => {
                let bytes = tokio::fs::read(path).await.map_err(|error| {
                    Refusal::because(OPERATION, format!("{}: {error}", path.display()))
                })?;
                FunctionCode::builder().zip_file(Blob::new(bytes)).build()
            }
        };
        let mut environment = Environment::builder();
        for (name, value) in &function.environment {
            let value = value.expose().ok_or_else(|| {
                Refusal::because(
                    OPERATION,
                    format!("the environment variable {name} is known only after apply"),
                )
            })?;
            environment = environment.variables(name, value);
        }
        let architecture = match function.architecture {
            Architecture::X86_64 => SdkArchitecture::X8664,
            Architecture::Arm64 => SdkArchitecture::Arm64,
        };
        let storage = EphemeralStorage::builder()
            .size(small(function.ephemeral_storage_mb))
            .build()
            .map_err(Refusal::of(OPERATION))?;
        let dead_letters = function.dead_letter_target.as_ref().map(|target| {
            DeadLetterConfig::builder()
                .target_arn(target.as_str())
                .build()
        });
        self.clients
            .lambda
            .create_function()
            .function_name(function.name.as_str())
            .role(function.role.as_str())
            .runtime(Runtime::from(function.runtime.as_str()))
            .handler(&function.handler)
            .set_description(function.description.clone())
            .code(code)
            .architectures(architecture)
            .timeout(small(function.timeout_s))
            .memory_size(small(function.memory_mb))
            .ephemeral_storage(storage)
            .environment(environment.build())
            .set_dead_letter_config(dead_letters)
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
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

    pub(super) async fn function_permission(
        &self,
        permission: &FunctionPermission,
    ) -> Result<(), Refusal> {
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

/// The API's numbers have 32 bits; the reader has checked that they are in range.
fn small(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
